"""What a drill asks of the host: snapshots (they only read) and the fenced steps of drill.sh, as commands.

A check asks with the same snapshots; the journal is imported by the steps alone, which it has none of.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ghcr_audit.commands import Command, program
from ghcr_audit.drill.snapshot import PIN_NAME, Phase
from ghcr_audit.framing import host_script
from ghcr_audit.questions import health_question, image_inspect, registry_question, running_image
from ghcr_audit.targets import Target
from ghcr_audit.targets.tables import Deploy, DeployMethod

if TYPE_CHECKING:
    from ghcr_audit.drill.journal import Journal, Step

SERVICE_FORMAT = (
    '{"id":{{json .Id}},"image":{{json .Image}},"config_image":{{json .Config.Image}},'
    '"status":{{json .State.Status}},"started":{{json .State.StartedAt}},"restarts":{{json .RestartCount}},'
    '"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},"mounts":{{json .Mounts}},'
    '"tmpfs":[{{range $path, $_ := .HostConfig.Tmpfs}}{{json $path}},{{end}}null],'
    '"networks":[{{range $name, $_ := .NetworkSettings.Networks}}{{json $name}},{{end}}null],'
    '"mode":{{json .HostConfig.NetworkMode}},"restart":{{json .HostConfig.RestartPolicy.Name}},'
    '"environment":[{{range .Config.Env}}{{json (index (split . "=") 0)}},{{end}}null],'
    '"project":{{json (index .Config.Labels "com.docker.compose.project")}},'
    '"compose_service":{{json (index .Config.Labels "com.docker.compose.service")}},'
    '"working_dir":{{json (index .Config.Labels "com.docker.compose.project.working_dir")}},'
    '"config_files":{{json (index .Config.Labels "com.docker.compose.project.config_files")}},'
    '"config_hash":{{json (index .Config.Labels "com.docker.compose.config-hash")}}}'
)
"""Of a container: no value of its environment, and of its labels compose's own only."""

_CONTAINERS_FORMAT = (
    '{"name":{{json .Names}},"id":{{json .ID}},"state":{{json .State}},'
    '"project":{{json (.Label "com.docker.compose.project")}},'
    '"service":{{json (.Label "com.docker.compose.service")}}}'
)
_TAGS_FORMAT = "{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}"
_STATE = """\
for file in "$1"/*; do
  [ -e "$file" ] || continue
  name=${file##*/} size=0
  case $name in *[!A-Za-z0-9_.-]*) exit 1 ;; esac
  [ -f "$file" ] && [ ! -L "$file" ] && size=$(wc -c <"$file") && size=$((size)) && [ "$size" -le 1024 ] ||
    { echo "odd $name"; continue; }
  content=$(cat "$file")
  case $content in *[!A-Za-z0-9_.:/@+-]*) echo "odd $name"; continue ;; esac
  if [ "$size" = "${#content}" ] || [ "$size" = $((${#content} + 1)) ]; then echo "file $name $size $content"
  else echo "odd $name"; fi
done
"""
"""Small files with one plain word, such as last_good_tag; `odd` are all others."""
_FILES = """\
container=$1 script=$2; shift 2
labels=$("$@" inspect --format '{{index .Config.Labels "com.docker.compose.project.config_files"}},{{index \
.Config.Labels "com.docker.compose.project.working_dir"}}/.env' "$container") || exit 1
printf '%s\\n%s\\n' "$labels" "$script" | tr ',' '\\n' | while read -r file; do
  [ -e "$file" ] || [ -L "$file" ] || echo "absent $file"
  [ -f "$file" ] || continue
  sum=$(sha256sum <"$file") || exit 1
  echo "file ${sum%% *} $file"
done
"""
"""Compose files, the environment file beside them, and the deploy script; `absent` are those that are not there."""
_COMPOSE = """\
container=$1 directory=$2 file=$3 setting=$4; shift 4
service=$("$@" inspect --format '{{index .Config.Labels "com.docker.compose.service"}}' "$container" 2>/dev/null)
service=${service:-$container}
cd "$directory" || exit 1
code=$({ { tagged "$setting" "$@" compose --file "$file" config --format json; echo "$?" >&3; } | awk "$GA_JSON_AWK" |
  awk -F '\\t' -v start="services|$service|" 'index($1, start) == 1 {
    key = substr($1, length(start) + 1)
    if (key ~ /^environment[|]/) { print "environment " substr(key, 13); next }
    if (key ~ /^(image|network_mode|restart|container_name)$/) print key " " $2
    else if (key ~ /^networks[|]/) { sub(/^networks[|]/, "", key); sub(/[|].*/, "", key); print "network " key }
    else if (key ~ /^volumes[|]/) { sub(/^volumes[|]/, "", key)
      if (key ~ /^[0-9]+[|](type|source|target|read_only)$/) { sub(/[|]/, " ", key); print "volume " key " " $2 } }
  }' >"$GA_TMP/told"; } 3>&1)
[ "$code" = 0 ] || exit "$code"
echo valid
cat "$GA_TMP/told"
tagged "$setting" "$@" compose --file "$file" config --hash "$service" 2>/dev/null | while read -r name sum; do
  [ "$name" != "$service" ] || echo "hash $sum"
done
"""
"""What compose makes of the file: validity, its hash of the service, and names; no value of an environment."""
_ORIGIN = """\
container=$1 variable=$2; shift 2
labels='{{.Config.Image}}
{{index .Config.Labels "com.docker.compose.project.working_dir"}}
{{index .Config.Labels "com.docker.compose.project.config_files"}}
{{index .Config.Labels "com.docker.compose.project"}}
{{index .Config.Labels "com.docker.compose.service"}}'
"$@" inspect --format "$labels" "$container" | {
  read -r image && read -r directory && read -r files && read -r project && read -r service || exit 1
  [ -n "$service" ] || { echo 'the container was not made by compose' >&2; exit 1; }
  cd "$directory" || exit 1
  tag=latest image=${image%@*}
  case ${image##*/} in *:*) tag=${image##*:} ;; esac
  set -- "$@" compose --project-name "$project" --project-directory "$directory"
  while [ -n "$files" ]; do
    set -- "$@" --file "${files%%,*}"
    case $files in *,*) files=${files#*,} ;; *) files= ;; esac
  done
  tagged "$variable=$tag" "$@" config --hash "$service" | while read -r name sum; do
    [ "$name" != "$service" ] || echo "hash $sum"
  done
}
"""
"""Compose's hash of the service as its own labels say it was made: what restoring it would give."""
_SLACK_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """Makes the commands of one drill on one target."""

    target: Target
    run: str
    anonymous: bool = False
    """The host has no credential for the registry: a public image is asked about without one."""

    @property
    def deploy(self) -> Deploy:
        """Where and by what it deploys."""
        if self.target.deploy is None:
            raise ValueError("a drill on a target without a table [deploy]")
        return self.target.deploy

    def snapshot(self, phase: Phase, tag: str) -> tuple[Command, ...]:
        """Everything that `snapshot` reads, and the image that the host has under the tag."""
        docker, name = self.target.host.docker_command, phase.value
        image = running_image(self.target)
        health = (
            Command(key=f"{name}.health", argv=one.argv, limit_s=one.limit_s) for one in health_question(self.target)
        )
        script = self.deploy.absolute(self.deploy.script)
        return (
            Command(
                key=f"{name}.container",
                argv=(*docker, "inspect", "--type", "container", "--format", SERVICE_FORMAT, self.target.container),
            ),
            Command(key=f"{name}.image", argv=image.argv),
            image_inspect(self.target, f"{name}.tag_image", str(self.target.image_ref.with_tag(tag))),
            *health,
            Command(
                key=f"{name}.containers",
                argv=(*docker, "ps", "--all", "--no-trunc", "--format", _CONTAINERS_FORMAT),
            ),
            Command(
                key=f"{name}.tags",
                argv=(*docker, "image", "ls", "--digests", "--no-trunc", "--format", _TAGS_FORMAT),
            ),
            program(f"{name}.state", _STATE, "state files of", self.deploy.state_directory),
            program(f"{name}.files", _FILES, "files of the deployment:", self.target.container, script, *docker),
        )

    def compose(self, phase: Phase, tag: str) -> Command:
        """What the compose file on the host says of the service at this tag."""
        deploy = self.deploy
        awk = host_script("json.awk").replace("'", _QUOTE)
        text = f"GA_JSON_AWK='{awk}'\n{host_script('compose.sh')}{_COMPOSE}"
        args = (self.target.container, deploy.directory, deploy.compose_file, f"{deploy.tag_variable}={tag}")
        return program(
            f"{phase.value}.compose", text, "compose file:", *args, *self.target.host.docker_command, limit_s=30
        )

    def preconditions(self, tag: str) -> tuple[Command, ...]:
        """What else must be known before anything is touched; they only read."""
        docker, container = self.target.host.docker_command, self.target.container
        return (
            Command(key="before.diff", argv=(*docker, "diff", container)),
            program(
                "before.origin",
                host_script("compose.sh") + _ORIGIN,
                "compose's hash of",
                container,
                self.deploy.tag_variable,
                *docker,
                limit_s=30,
            ),
            self.compose(Phase.BEFORE, tag),
            self.pins("before.pins"),
            self.registry(Phase.BEFORE, tag),
        )

    def pins(self, key: str) -> Command:
        """The names under which drills (and pulls) keep images from pruning."""
        argv = (*self.target.host.docker_command, "image", "ls", "--format", "{{.Tag}}", PIN_NAME)
        return Command(key=key, argv=argv)

    def registry(self, phase: Phase, tag: str) -> Command:
        """What the registry answers to this host's credential about the tag, now."""
        return self._registry(f"{phase.value}.registry", tag)

    def candidate(self, tag: str) -> tuple[Command, ...]:
        """The release to go back to: on the host, and in the registry."""
        image = str(self.target.image_ref.with_tag(tag))
        return (
            image_inspect(self.target, "before.candidate", image),
            self._registry("before.candidate_registry", tag),
        )

    def _registry(self, key: str, tag: str) -> Command:
        asked = registry_question(self.target, tag, anonymous=self.anonymous)
        return Command(key=key, argv=asked.argv, limit_s=asked.limit_s)

    def take(self, key: str, *, restoring: bool, holder: str) -> Command:
        """The lease, unless somebody else holds it."""
        return self._step(key, "take", str(self.deploy.lease_s), "restore" if restoring else "new", holder)

    def renew(self, holder: str) -> Command:
        """The lease, for as long again."""
        return self._step("drill.renew", "renew", str(self.deploy.lease_s), holder)

    def release(self) -> Command:
        """The lease is given back; nothing was changed."""
        return self._step("drill.release", "release")

    def put(self, key: str, journal: "Journal") -> Command:
        """The journal, on the host's disk before this returns."""
        from ghcr_audit.drill.journal import render

        return self._step(key, "put", journal.step.value, render(journal))

    def prepare(self) -> Command:
        """Pins, kept files, and the running container's log saved on the host."""
        return self._step("before.prepared", "prepare", *self.target.host.docker_command, limit_s=120)

    def poll_start(self, phase: Phase) -> Command:
        """From now on health is asked 20 times a second."""
        deploy = self.deploy
        limit_s = deploy.limit_s + deploy.healthy_within_s + deploy.settle_s + 300
        return self._step(f"{phase.value}.poll", "poll_start", str(limit_s), self.target.health_url or "")

    def poll_end(self, phase: Phase) -> Command:
        """What the health URL answered meanwhile."""
        return self._step(f"{phase.value}.times", "poll_end")

    def settle(self, phase: Phase) -> Command:
        """Docker health and HTTP health over the settling window."""
        deploy = self.deploy
        args = (
            self.target.container,
            str(deploy.healthy_within_s),
            str(deploy.settle_s),
            self.target.health_url or "",
            *self.target.host.docker_command,
        )
        limit_s = deploy.healthy_within_s + 2 * deploy.settle_s + _SLACK_S
        key = f"{phase.value}.settled"
        return program(key, _with("settle"), "health over the settling window:", *args, limit_s=limit_s)

    def act(self, phase: Phase, step: "Step", *, tag: str, previous: str) -> Command:
        """The target's own deploy or rollback command, under the fence."""
        from ghcr_audit.drill.journal import Step

        action = "deploy" if step is Step.DEPLOYING else "rollback"
        words = self._words(tag=tag, action=action, previous=previous)
        return self._step(
            f"{phase.value}.action", "act", step.value, self.deploy.directory, *words, limit_s=self.deploy.limit_s
        )

    def _words(self, *, tag: str, action: str, previous: str) -> tuple[str, ...]:
        deploy = self.deploy
        match deploy.method:
            case DeployMethod.SCRIPT:
                return (deploy.absolute(deploy.script), *deploy.words(tag=tag, action=action, previous=previous))
            case DeployMethod.COMPOSE:
                return self._compose_words(tag if action == "deploy" else previous)

    def _compose_words(self, wanted: str) -> tuple[str, ...]:
        docker, setting = self.target.host.docker_command, f"{self.deploy.tag_variable}={wanted}"
        up = ("compose", "--file", self.deploy.compose_file, "up", "--detach", "--no-build")
        if not self.target.host.sudo:
            return ("env", setting, *docker, *up)
        return ("sh", "-c", f'{host_script("compose.sh")}tagged "$@"\n', "compose", setting, *docker, *up)

    def runs_since(self) -> Command:
        """Which image the container runs now, and when that container was made."""
        argv = (*self.target.host.docker_command, "inspect", "--type", "container")
        return Command(key="recover.runs", argv=(*argv, "--format", "{{.Image}} {{.Created}}", self.target.container))

    def log(self, phase: Phase) -> Command:
        """The container's log as it is now, saved on the host."""
        return self._step(f"{phase.value}.log", "log", phase.value, *self.target.host.docker_command, limit_s=60)

    def pulled(self, phase: Phase) -> Command:
        """Which images the engine pulled since the action of this phase began."""
        return self._step(f"{phase.value}.pulled", "pulled", *self.target.host.docker_command)

    def end_processes(self) -> Command:
        """What a drill's command left running is ended."""
        return self._step("restored.ended", "end_processes", limit_s=60)

    def restore(self) -> Command:
        """The host as the journal says it was."""
        text = _with("restore", host_script("restore.sh"), host_script("compose.sh"))
        args = (self.target.container, self.run, *self.target.host.docker_command)
        return program("restored.action", text, "restore", *args, limit_s=self.deploy.limit_s + 180)

    def close(self) -> Command:
        """Pins, journal and lease go."""
        return self._step("restored.closed", "close_drill", *self.target.host.docker_command, limit_s=120)

    def _step(self, key: str, name: str, *args: str, limit_s: int = 60) -> Command:
        return program(
            key, _with(name), f"drill {name.replace('_', ' ')}", self.target.container, self.run, *args, limit_s=limit_s
        )


_QUOTE = "'\\''"


def _with(step: str, *more: str) -> str:
    return f'{host_script("lease.sh")}{host_script("drill.sh")}{"".join(more)}{step} "$@"\n'
