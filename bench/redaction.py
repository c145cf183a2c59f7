"""How fast redaction is: MB of text for each second of processor time, for outputs as an audit sees them.

`python bench/redaction.py [MEGABYTES]` generates each corpus (the same one every time), redacts it with three learned
secrets, and prints one line for each: speed of the whole, and of twice the size, which shows whether time is linear.
"""

import json
import random
import sys
import time
from collections.abc import Callable

from ghcr_audit.redaction import Redactor

_MEGABYTE = 1_000_000
_LOW_MEGABYTES = 2.0


def container_log(rng: random.Random) -> str:
    """Plain lines of a web service, an HTTP access log, logfmt."""
    return rng.choice(
        (
            f"2026-11-23 05:39:{rng.randrange(60):02} INFO uvicorn.access 127.0.0.1:{rng.randrange(60000)} - "
            f'"GET /health HTTP/1.1" 200 OK',
            f'time="2026-11-23T05:39:04.{rng.randrange(10**9):09}Z" level=info msg="handled request" method=GET '
            f"path=/v2/lab/observer/manifests/{rng.randrange(10**6)} status=200 duration={rng.random():.4f}s",
            f"[GIN] 2026/11/23 - 05:39:04 | 200 | {rng.random():.3f}ms | 127.0.0.{rng.randrange(255)} | "
            f'GET "/api/v1/items?page={rng.randrange(999)}&sort=key"',
            f"worker[{rng.randrange(99)}]: job {rng.getrandbits(128):032x} done in {rng.random():.2f}s, queue empty",
        )
    )


def json_log(rng: random.Random) -> str:
    """One JSON document a line, now and then about tokens, as services and engines write them."""
    return json.dumps(
        {
            "level": rng.choice(("info", "debug", "warn")),
            "ts": rng.random() * 1e9,
            "caller": rng.choice(("auth/session.go:12", "http/server.go:88", "store/keys.go:3")),
            "msg": rng.choice(("session refreshed", "token expired, renewing", "request done", "cache key evicted")),
            "url": f"https://127.0.0.1:8443/v2/lab/observer/blobs/sha256:{rng.getrandbits(256):064x}",
            "request_id": f"{rng.getrandbits(128):032x}",
            "key": f"cache:{rng.randrange(10**6)}",
        }
    )


def access_to_secrets(rng: random.Random) -> str:
    """A log in which every tenth line holds something to redact."""
    if rng.randrange(10):
        return container_log(rng)
    return rng.choice(
        (
            f"GET https://127.0.0.1/blob?sig=lab{rng.getrandbits(64):x}&se=1",
            f"Authorization: Bearer lab{rng.getrandbits(160):x}",
            f"export DB_PASSWORD=lab{rng.getrandbits(64):x}",
            '{"auths": {"registry.test": {"auth": "' + f"bGFi{rng.getrandbits(64):x}" + '"}}}',
        )
    )


def git_log(rng: random.Random) -> str:
    """Commits and trees."""
    return rng.choice(
        (
            f"commit {rng.getrandbits(160):040x}\nAuthor: lab <lab@example.invalid>\n\n"
            "    Rotate the auth token on start\n",
            f"100644 blob {rng.getrandbits(160):040x}\tsrc/observer/{rng.randrange(999)}.py",
        )
    )


def pull_output(rng: random.Random) -> str:
    """Progress and errors of pulls."""
    return rng.choice(
        (
            f"{rng.getrandbits(48):012x}: Downloading [======>      ]  {rng.random() * 9:.3f}MB/90.1MB",
            f"Digest: sha256:{rng.getrandbits(256):064x}",
            "failed to resolve reference: unexpected status from HEAD request to "
            "https://127.0.0.1:5000/v2/lab/observer/manifests/1: 403 Forbidden",
            "denied: requested access to the resource is denied: basic authentication failed",
        )
    )


CORPORA: tuple[Callable[[random.Random], str], ...] = (
    container_log,
    json_log,
    access_to_secrets,
    git_log,
    pull_output,
)


def corpus(line: Callable[[random.Random], str], size_bytes: int) -> str:
    """Lines of one kind, at least `size_bytes` of them."""
    rng, lines, size = random.Random(20261123), [], 0  # noqa: S311 - the same corpus every time, nothing secret
    while size < size_bytes:
        lines.append(line(rng))
        size += len(lines[-1]) + 1
    return "\n".join(lines)


def speed(text: str) -> float:
    """MB for each second of processor time."""
    redactor = Redactor()
    for number in range(3):
        redactor.learn(f"ghp_lab{number}" + "lab0" * 8, "ghcr-token", user="labdeploy")
    redactor.redact(text[:1000])
    start = time.process_time()
    redactor.redact(text)
    return len(text) / _MEGABYTE / (time.process_time() - start)


def main(megabytes: float) -> None:
    """Print the table."""
    print(f"{'corpus':20} {'MB/CPU-s':>9} {'twice the size':>15}")
    for line in CORPORA:
        once, twice = (corpus(line, round(factor * megabytes * _MEGABYTE)) for factor in (1, 2))
        print(f"{line.__name__:20} {speed(once):9.1f} {speed(twice):15.1f}")
    one_line = corpus(json_log, round(megabytes * _MEGABYTE)).replace("\n", ",")
    print(f"{'json in one line':20} {speed(one_line):9.1f} {speed(one_line + one_line):15.1f}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else _LOW_MEGABYTES)
