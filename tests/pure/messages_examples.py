"""Error outputs written for the tests: real programs' wording, invented names. One list of texts for each cause.

They were written from the programs' sources and documentation, to hold rules to forms rather than to one corpus.
"""
# ruff: noqa: E501 - what programs print in one line stands in one line

from dataclasses import dataclass

from ghcr_audit.causes import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text, what was tried, and the cause that has to be named first."""

    cause: Cause
    text: str
    operation: str = ""
    registry: str = ""


def _of(cause: Cause, *texts: str, operation: str = "", registry: str = "") -> tuple[Example, ...]:
    return tuple(Example(cause=cause, text=text, operation=operation, registry=registry) for text in texts)


EXAMPLES: tuple[Example, ...] = (
    *_of(
        Cause.CREDENTIAL_MISSING,
        'Error response from daemon: Head "https://ghcr.io/v2/acme/observer/manifests/1.4": unauthorized',
        "Error response from daemon: error from registry: unauthorized\nunauthorized\n# ghcr.io/acme/observer:1.4",
        "Error response from daemon: Get https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/shop/manifests/9: "
        "no basic auth credentials",
        'failed to resolve reference "ghcr.io/acme/observer:1.4": failed to authorize: failed to fetch anonymous token: '
        "unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fobserver%3Apull"
        "&service=ghcr.io: 401 Unauthorized",
        "Run docker/login-action@v3\nError: Username and password required",
        "Error: reading manifest 1.0 in quay.io/acme/private: unauthorized: access to the requested resource is not "
        "authorized",
        "Error: Cannot perform an interactive login from a non TTY device",
        "denied: Unauthenticated request. Unauthenticated requests do not have permission "
        '"artifactregistry.repositories.downloadArtifacts" on resource "projects/acme" (or it may not exist)',
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
        "Warning  FailedToRetrieveImagePullSecret  kubelet  Unable to retrieve some image pull secrets (regcred)",
    ),
    *_of(
        Cause.CREDENTIAL_INVALID_OR_EXPIRED,
        'Error response from daemon: Head "https://ghcr.io/v2/acme/observer/manifests/1.4": denied: denied',
        'Error response from daemon: Get "https://ghcr.io/v2/": denied: denied',
        "ERROR: failed to solve: ghcr.io/acme/base:1: failed to authorize: failed to fetch oauth token: unexpected "
        "status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fbase%3Apull&service=ghcr.io: "
        "403 Forbidden",
        'Error response from daemon: Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password',
        "$ docker pull ghcr.io/acme/observer\nError response from daemon: error from registry: denied",
        'Error: logging into "quay.io": invalid username/password',
        'Error response from daemon: Get "https://registry.gitlab.com/v2/": denied: access forbidden',
        '{"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}',
        "remote: HTTP Basic: Access denied. The provided password or token is incorrect\n"
        "fatal: Authentication failed for 'https://gitlab.com/acme/shop.git/'",
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or "
        "you're required to use a token instead of a password. If 2FA enabled, you must use a personal access token",
    ),
    *_of(
        Cause.TOKEN_SCOPE_INSUFFICIENT,
        "denied: permission_denied: The token provided does not match expected scopes.",
        "error pushing image: unauthorized: access token has insufficient scopes",
        '{"message": "You need at least read:packages scope to get a package.", "status": "403"}',
        "error: your authentication token is missing required scopes [read:packages]\n"
        "To request it, run:  gh auth refresh -s read:packages",
        "An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation: User: "
        "arn:aws:iam::1:user/ci is not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        "HttpError: Resource not accessible by integration",
        "#22 ERROR: failed to push ghcr.io/acme/observer:1: denied: installation not allowed to Create organization "
        "package",
        'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "projects/acme"',
    ),
    *_of(
        Cause.TOKEN_TYPE_UNSUPPORTED,
        'Error response from daemon: Get "https://registry-1.docker.io/v2/": unauthorized: please use personal access '
        "token to login",
        "remote: Support for password authentication was removed on August 13, 2021.",
        "GET https://npm.pkg.github.com/acme: 403 Fine-grained personal access tokens are not supported",
    ),
    *_of(
        Cause.SSO_NOT_AUTHORIZED,
        '{"message":"Resource protected by organization SAML enforcement. You must grant your OAuth token access."}',
        "ERROR: The 'acme' organization has enabled or enforced SAML SSO.\nTo access this repository, you must re-authorize",
        "gh: HTTP 403 X-GitHub-SSO: required; url=https://github.com/orgs/acme/sso",
    ),
    *_of(
        Cause.PACKAGE_NOT_LINKED_OR_PRIVATE_NO_ACCESS,
        "ERROR: denied: permission_denied: write_package",
        "Error response from daemon: pull access denied for ghcr.io/acme/observer, repository does not exist or may "
        "require 'docker login': denied: permission_denied: read_package",
        'Error response from daemon: unknown: failed to resolve reference "ghcr.io/acme/observer:1": unexpected status '
        "from HEAD request to https://ghcr.io/v2/acme/observer/manifests/1: 403 Forbidden",
        "$ docker pull ghcr.io/acme/observer:1\nError response from daemon: denied",
    ),
    *_of(
        Cause.TAG_NOT_FOUND,
        "Error response from daemon: manifest for ghcr.io/acme/observer:9.9 not found: manifest unknown: manifest unknown",
        'Error response from daemon: failed to resolve reference "ghcr.io/acme/observer:9": ghcr.io/acme/observer:9: '
        "not found",
        "ERROR: failed to solve: node:99-alpine: failed to resolve source metadata for docker.io/library/node:99-alpine: "
        "docker.io/library/node:99-alpine: not found",
        "Error: initializing source docker://quay.io/acme/x:2: reading manifest 2 in quay.io/acme/x: manifest unknown",
        "Error response from daemon: manifest for 1.dkr.ecr.eu-west-1.amazonaws.com/shop:7 not found: manifest unknown: "
        "Requested image not found",
        "Tag 1.0 was deleted or has expired. To pull, revive via time machine",
        "GET https://ghcr.io/v2/acme/x/manifests/7: MANIFEST_UNKNOWN: manifest unknown",
        'manifest tagged by "v3" is not found',
    ),
    *_of(
        Cause.REPOSITORY_NOT_FOUND_OR_NAME_WRONG,
        "Error response from daemon: pull access denied for obsrver, repository does not exist or may require 'docker "
        "login': denied: requested access to the resource is denied",
        'ERROR: invalid tag "ghcr.io/Acme/observer:1": repository name must be lowercase',
        'Error response from daemon: Get "https://gchr.io/v2/": dial tcp: lookup gchr.io on 127.0.0.53:53: no such host',
        "name unknown: The repository with name 'shop' does not exist in the registry with id '123456789012'",
        "$ docker push ghcr.io/acme/x\nAn image does not exist locally with the tag: ghcr.io/acme/x",
        'Error: short-name "observer" did not resolve to an alias and no unqualified-search registries are defined',
        "remote: Repository not found.\nfatal: repository 'https://github.com/acme/nothing.git/' not found",
        "GET https://index.docker.io/v2/acme/x/tags/list: NAME_UNKNOWN: repository name not known to registry",
        "push ghrc.io/acme/observer: <html><body><h1>403 Forbidden</h1></body></html>",
    ),
    *_of(
        Cause.RATE_LIMITED,
        "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
        "Error response from daemon: error from registry: You have reached your unauthenticated pull rate limit.",
        "toomanyrequests: retry-after: 1s, allowed: 44000/minute",
        "unexpected status from HEAD request to https://ghcr.io/v2/acme/x/manifests/1: 429 Too Many Requests",
        "API rate limit exceeded for 192.0.2.7. (But here's the good news: Authenticated requests get a higher limit.)",
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    ),
    *_of(
        Cause.REGISTRY_UNAVAILABLE,
        "Error response from daemon: received unexpected HTTP status: 502 Bad Gateway",
        "Error response from daemon: error from registry: unavailable\nunavailable",
        'failed to resolve reference "ghcr.io/acme/x:1": unexpected status from HEAD request to '
        "https://ghcr.io/v2/acme/x/manifests/1: 504 Gateway Timeout",
        'error parsing HTTP 500 response body: unexpected end of JSON input: ""',
        "remote: Internal Server Error\nfatal: unable to access 'https://github.com/acme/x/': The requested URL returned "
        "error: 500",
    ),
    *_of(
        Cause.DNS_FAILURE,
        'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: Temporary failure in name '
        "resolution",
        'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: server misbehaving',
        "curl: (6) Could not resolve host: ghcr.io",
        "dial tcp: lookup ghcr.io on [::1]:53: read udp [::1]:4->[::1]:53: read: connection refused",
        "urllib3.exceptions.NameResolutionError: Failed to resolve 'ghcr.io' ([Errno -2] Name or service not known)",
        "dial tcp: lookup auth.docker.io on 192.168.1.1:53: read udp 10.0.2.15:4->192.168.1.1:53: i/o timeout",
    ),
    *_of(
        Cause.NETWORK_UNREACHABLE_OR_TIMEOUT,
        'Error response from daemon: Get "https://ghcr.io/v2/": net/http: request canceled while waiting for connection '
        "(Client.Timeout exceeded while awaiting headers)",
        'Head "https://ghcr.io/v2/acme/x/manifests/1": dial tcp 140.82.121.33:443: connect: connection refused',
        "dial tcp [2606:50c0:8000::154]:443: connect: network is unreachable",
        'Get "https://ghcr.io/v2/": EOF',
        "curl: (28) Failed to connect to ghcr.io port 443 after 130000 ms: Connection timed out",
        "error pulling image configuration: download failed after attempts=6: dial tcp 1.2.3.4:443: i/o timeout",
        "failed to copy: read tcp 10.0.0.5:5->185.199.111.154:443: read: connection reset by peer",
    ),
    *_of(
        Cause.TLS_UNTRUSTED_OR_CLOCK_SKEW,
        'Get "https://registry.acme.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown '
        "authority",
        "x509: certificate has expired or is not yet valid: current time 2019-01-01T00:00:00Z is before 2024-01-01",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
        "x509: cannot validate certificate for 10.0.0.9 because it doesn't contain any IP SANs",
    ),
    *_of(
        Cause.PROXY_INTERFERENCE,
        'Get "https://ghcr.io/v2/": proxyconnect tcp: dial tcp 10.1.1.1:3128: connect: connection refused',
        'Error response from daemon: Get "https://ghcr.io/v2/": Proxy Authentication Required',
        'Get "https://registry-1.docker.io/v2/": Service Unavailable',
        "Error response from daemon: error parsing HTTP 403 response body: invalid character '<' looking for beginning of "
        'value: "<html><title>Access Denied</title>"',
        "curl: (56) Received HTTP code 407 from proxy after CONNECT",
        'Error response from daemon: Get "https://registry-1.docker.io/v2/": proxyconnect tcp: tls: first record does '
        "not look like a TLS handshake",
    ),
    *_of(
        Cause.CREDENTIAL_HELPER_BROKEN,
        'error getting credentials - err: exec: "docker-credential-osxkeychain": executable file not found in $PATH, out: ``',
        "Error saving credentials: error storing credentials - err: exit status 1, out: `Cannot autolaunch D-Bus without "
        "X11 $DISPLAY`",
        "error getting credentials - err: exit status 1, out: `pass not initialized: exit status 1: Error: password store "
        'is empty. Try "pass init".`',
        "error getting credentials - err: exit status 1, out: `User interaction is not allowed. (-25308)`",
        'docker.credentials.errors.StoreError: Credentials store docker-credential-gcloud exited with "".',
    ),
    *_of(
        Cause.CONFIG_JSON_CORRUPT,
        "WARNING: Error loading config file: /home/deploy/.docker/config.json: invalid character '}' looking for "
        "beginning of object key string\nError response from daemon: unauthorized",
        "WARNING: Error parsing config file (/home/deploy/.docker/config.json): illegal base64 data at input byte 12",
        'Error: getting username and password: reading JSON file "/run/user/1000/containers/auth.json": unmarshaling '
        "JSON at auth.json: unexpected end of JSON input",
    ),
    *_of(
        Cause.WRONG_USER_CONFIG,
        "Login Succeeded\n$ sudo docker pull registry.acme.example/shop\nError response from daemon: Get "
        "https://registry.acme.example/v2/shop/manifests/latest: no basic auth credentials",
        "WARNING: Error loading config file: /var/lib/ci/.docker/config.json: open /var/lib/ci/.docker/config.json: permission denied",
        "May 02 10:00:01 web1 docker[811]: Error response from daemon: Get https://registry.acme.example/v2/: no basic "
        "auth credentials\nMay 02 10:00:01 web1 systemd[1]: shop.service: Control process exited",
        'time="2024-01-01T00:00:00Z" level=debug msg="No credentials for ghcr.io in /config.json"\n'
        'time="2024-01-01T00:00:00Z" level=error msg="Head https://ghcr.io/v2/acme/x/manifests/1: unauthorized"',
        "WARNING: Error loading config file: $HOME is not defined\nunauthorized: authentication required",
    ),
    *_of(
        Cause.PLATFORM_MISMATCH,
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        'Error response from daemon: failed to resolve reference "ghcr.io/acme/x:1": no match for platform in manifest: '
        "not found",
        "exec /usr/local/bin/docker-entrypoint.sh: exec format error",
        "WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)",
        'choosing an image from manifest list docker://x: no image found in manifest list for architecture "arm64"',
        'image operating system "windows" cannot be used on this platform: operating system is not supported',
    ),
    *_of(
        Cause.MANIFEST_FORMAT_UNSUPPORTED,
        "failed to register layer: archive/tar: invalid tar header",
        "Error response from daemon: [DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest version 2, "
        "schema 1 support is disabled by default",
        'not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported',
        '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI manifest found, but Accept header does not support OCI '
        'manifests"}]}',
        "Error: unsupported image-specific operation: unsupported media type application/vnd.oci.empty.v1+json",
        "manifest invalid: manifest invalid",
    ),
    *_of(
        Cause.DISK_FULL,
        "failed to register layer: write /usr/lib/libx.so: no space left on device",
        'failed to extract layer sha256:1 to overlayfs as "extract-1": write /var/lib/containerd/x: no space left on device',
        "write /tmp/x: disk quota exceeded",
        "System.IO.IOException: No space left on device : '/home/runner/_diag/Worker.log'",
        "There is not enough space on the disk.",
    ),
    *_of(
        Cause.DOCKER_DAEMON_DOWN,
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon "
        "is running: dial unix /var/run/docker.sock: connect: no such file or directory",
        'error during connect: Post "http://docker:2375/v1.24/auth": dial tcp: lookup docker on 10.0.0.2:53: no such host',
        "docker.errors.DockerException: Error while fetching server API version: ('Connection aborted.', "
        "FileNotFoundError(2, 'No such file or directory'))",
        "Job for docker.service failed because the control process exited with error code.",
        "Error response: request returned 500 Internal Server Error for API route and version "
        "http://%2F%2F.%2Fpipe%2FdockerDesktopLinuxEngine/v1.47/version, check if the server supports the requested API",
    ),
    *_of(
        Cause.DOCKER_SOCKET_PERMISSION,
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
        "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
        "docker.errors.DockerException: Error while fetching server API version: ('Connection aborted.', "
        "PermissionError(13, 'Permission denied'))",
        "Error: connect EACCES /var/run/docker.sock",
        "error during connect: open //./pipe/docker_engine: Access is denied.",
    ),
    *_of(
        Cause.ENGINE_API_VERSION_MISMATCH,
        "Error response from daemon: client version 1.52 is too new. Maximum supported API version is 1.43",
        "Error response from daemon: client version 1.22 is too old. Minimum supported API version is 1.24",
        "Error response from daemon: client is newer than server (client API version: 1.24, server API version: 1.21)",
    ),
    *_of(
        Cause.IMAGE_DIGEST_MISMATCH,
        "manifest verification failed for digest sha256:1111",
        "Error: Manifest does not match provided manifest digest sha256:2222",
        'failed commit on ref "manifest-sha256:1": unexpected commit digest sha256:2, expected sha256:1: failed '
        "precondition",
    ),
    *_of(
        Cause.COMPOSE_FILE_INVALID,
        "yaml: line 26: mapping values are not allowed in this context",
        "services.observer.ports must be a list",
        'service "web" refers to undefined volume data: invalid compose project',
        'WARN[0000] The "IMAGE_TAG" variable is not set. Defaulting to a blank string.\nunable to get image '
        "'ghcr.io/acme/observer:': Error response from daemon: invalid reference format",
        "error while interpolating services.web.image: required variable IMAGE_TAG is missing a value: set it",
        "no configuration file provided: not found",
        "open /srv/shop/docker-compose.yml: no such file or directory",
        'failed to read /srv/shop/.env: line 3: unexpected character "-" in variable name "A-B"',
    ),
    *_of(
        Cause.COMPOSE_NOT_INSTALLED,
        "docker: 'compose' is not a docker command.\nSee 'docker --help'",
        "docker: unknown command: docker compose\n\nRun 'docker --help' for more information",
        "bash: line 3: docker-compose: command not found",
        "unknown shorthand flag: 'd' in -d\nSee 'docker --help'.",
        "sudo: docker-compose: command not found",
        "/usr/local/bin/docker-compose: line 1: Not: command not found",
    ),
    *_of(
        Cause.SSH_AUTH_FAILED,
        "deploy@203.0.113.9: Permission denied (publickey).",
        "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods "
        "remain",
        'Error loading key "(stdin)": error in libcrypto',
        "ssh.ParsePrivateKey: ssh: no key found",
        "Received disconnect from 203.0.113.9 port 22:2: Too many authentication failures",
        "paramiko.ssh_exception.AuthenticationException: Authentication failed.",
        "@ WARNING: UNPROTECTED PRIVATE KEY FILE! @",
    ),
    *_of(
        Cause.SSH_HOST_KEY_MISMATCH,
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
        "No ED25519 host key is known for shop.example and you have requested strict checking.\n"
        "Host key verification failed.",
        "ssh: handshake failed: knownhosts: key mismatch",
        "ssh: handshake failed: ssh: host key fingerprint mismatch",
        'error during connect: Get "http://docker.example.com/v1.24/info": command [ssh -l deploy -- shop.example docker '
        "system dial-stdio] has exited with exit status 255, stderr=Host key verification failed.",
    ),
    *_of(
        Cause.SSH_UNREACHABLE,
        "ssh: connect to host shop.example port 22: Connection refused",
        "ssh: Could not resolve hostname shop.exmaple: Name or service not known",
        "kex_exchange_identification: Connection closed by remote host",
        "2024/05/05 10:00:00 dial tcp 203.0.113.9:22: i/o timeout",
        "Error: missing server host",
        "Connection to shop.example closed by remote host.",
        "client_loop: send disconnect: Broken pipe",
        "paramiko.ssh_exception.SSHException: Error reading SSH protocol banner",
    ),
    *_of(
        Cause.PORT_CONFLICT,
        "Bind for 0.0.0.0:8000 failed: port is already allocated",
        "failed to bind host port for 0.0.0.0:80:172.18.0.2:80/tcp: address already in use",
        "Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use",
        "Ports are not available: exposing port TCP 0.0.0.0:3000 -> 0.0.0.0:0: listen tcp 0.0.0.0:3000: bind: Only one usage "
        "of each socket address (protocol/network address/port) is normally permitted.",
    ),
    *_of(
        Cause.CONTAINER_UNHEALTHY,
        "dependency failed to start: container shop-db-1 is unhealthy",
        "dependency failed to start: container shop-migrate-1 exited (1)",
        'service "migrate" didn\'t complete successfully: exit 1',
        "Error response from daemon: Container 5f1 is restarting, wait until the container is running",
        "Warning  BackOff  kubelet  Back-off restarting failed container",
    ),
    *_of(
        Cause.IP_ALLOW_LIST,
        "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list "
        "enabled, and your IP address is not permitted to access this resource.",
        "denied: client with IP '203.0.113.9' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
    ),
    *_of(
        Cause.HTTP_REGISTRY_HTTPS_MISMATCH,
        'Get "https://10.0.0.5:5000/v2/": http: server gave HTTP response to HTTPS client',
        "curl: (35) error:0A00010B:SSL routines::wrong version number",
        'Get "https://registry.lan:5000/v2/": tls: first record does not look like a TLS handshake',
        "400 Bad Request: Client sent an HTTP request to an HTTPS server.",
    ),
    *_of(
        Cause.LAYER_DOWNLOAD_CORRUPT,
        "filesystem layer verification failed for digest sha256:1",
        'failed commit on ref "layer-sha256:1": unexpected commit digest sha256:2, expected sha256:1: failed precondition',
        "Error: writing blob: storing blob to file: happened during read: Digest did not match, expected sha256:1, got "
        "sha256:2",
        "failed to register layer: gzip: invalid checksum",
        "short read: expected 1000 bytes but got 300: unexpected EOF",
    ),
    *_of(
        Cause.OTHER,
        'error during connect: Get "http://docker.example.com/v1.24/version": exec: "ssh": executable file not found in $PATH',
        '$ curl https://ghcr.io/v2/acme/x/manifests/1\n{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
        "failed to register layer: Error processing tar file(signal: killed):",
        "error pulling image: fork/exec /usr/bin/unpigz: cannot allocate memory",
    ),
)
