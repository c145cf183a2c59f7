# A drill's place on the host: lease, journal, fenced changes, health polled meanwhile. POSIX sh; needs flock, sync.
# The caller adds one step: `STEP CONTAINER RUN ...`. All of it lies in ~/.local/state/ghcr-audit/CONTAINER (0700).
# Exit code 75: refused, nothing was changed; standard error says why. 76: an unfinished drill must be restored first.
# The lease's clock is the host's uptime and boot id: no clock that somebody sets can prolong or end it.
set +a
unset container run place name key value held holder left boot T token line code marked journal_run journal_step

refuse() {  # WHY [CODE]
  printf 'refused: %s\n' "$1" >&2
  exit "${2:-75}"
}

now() {  # sets T: centiseconds of uptime
  if read -r T _ </proc/uptime 2>/dev/null; then T="${T%.*}${T#*.}"; else T="$(date +%s)00"; fi
}

place_of() {  # CONTAINER RUN: sets container, run, place; makes nothing
  container=$1 run=$2
  case $HOME in /*) ;; *) refuse 'the login has no home folder' ;; esac
  place=$HOME/.local/state/ghcr-audit/$container
  command -v flock >/dev/null 2>&1 || refuse 'the host lacks flock (package util-linux or busybox)'
}

make_place() {
  [ -d "$place" ] || mkdir -p "$place" 2>/dev/null || refuse "$place cannot be made"
  [ ! -L "$place" ] || refuse "$place is a symbolic link"
  chmod 700 "$place" 2>/dev/null
  case $(ls -ldn "$place") in drwx------*" $(id -u) "*) ;; *) refuse "$place is no private folder of this login" ;; esac
  for name in lease journal lock restoring poll group kept; do
    [ ! -L "$place/$name" ] || refuse "$place/$name is a symbolic link"
  done
}

locked() {  # STEP...: in a subshell, while nobody else judges or changes lease and journal
  ( flock -w 20 9 || refuse 'the lock of the lease is not given free'; "$@" ) 9>"$place/lock"
}

synced() {  # NAME: standard input becomes that file of the place, on disk before this returns
  cat >"$place/$1.new" && { sync "$place/$1.new" 2>/dev/null || sync; } && mv "$place/$1.new" "$place/$1" &&
    { sync "$place" 2>/dev/null || sync; }
}

read_lease() {  # sets held (a run, or empty), holder, left (seconds; 0 when it has expired)
  held= holder= left=0
  [ -f "$place/lease" ] && [ ! -L "$place/lease" ] || return 0
  read -r held boot left holder <"$place/lease"
  case $left in '' | *[!0-9]* | ??????????????*) left=0 ;; esac
  now
  left=$((left - T / 100))
  [ "$boot" = "$(boot_id)" ] && [ "$left" -gt 0 ] && [ "$left" -le 300 ] || left=0
}

boot_id() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo none; }

write_lease() {  # SECONDS HOLDER
  now
  printf '%s %s %s %s\n' "$run" "$(boot_id)" "$((T / 100 + $1))" "$2" | synced lease
}

read_journal() {  # sets journal_run and journal_step, empty where there is none
  journal_run= journal_step=
  [ -f "$place/journal" ] && [ ! -L "$place/journal" ] || return 0
  journal_run=unknown
  while read -r key value; do
    case $key in run) journal_run=$value ;; step) journal_step=$value ;; json) break ;; esac
  done <"$place/journal"
}

look() {  # CONTAINER RUN: what lies there, for anybody who only reads; the journal's own text comes last
  container=$1 run=$2 place=$HOME/.local/state/ghcr-audit/$1
  [ -d "$place" ] || { echo 'lease free'; return 0; }
  read_lease
  if [ -z "$held" ]; then echo 'lease free'
  elif [ "$left" -gt 0 ]; then echo "lease held $held $left $holder"
  else echo "lease expired $held 0 $holder"; fi
  [ ! -f "$place/journal" ] || [ -L "$place/journal" ] || { echo journal; head -c 98304 "$place/journal"; }
}

take() {  # CONTAINER RUN SECONDS new|restore HOLDER: the lease, if nobody else holds it
  place_of "$1" "$2"; make_place
  locked take_locked "$3" "$4" "$5"
}

take_locked() {  # SECONDS new|restore HOLDER
  read_lease
  if [ -n "$held" ] && [ "$held" != "$run" ] && [ "$left" -gt 0 ]; then
    refuse "run $held ($holder) holds the lease for $left s more"
  fi
  ( flock -n 8 ) 8>"$place/restoring" || refuse 'somebody restores this host at this moment'
  read_journal
  if [ "$2" = new ] && [ -n "$journal_run" ]; then
    refuse "the drill of run $journal_run was not finished (step ${journal_step:-unknown}): restore it first" 76
  fi
  write_lease "$1" "$3" || refuse "$place cannot be written to"
  echo "lease of $1 s for run $run"
}

renew() {  # CONTAINER RUN SECONDS HOLDER
  place_of "$1" "$2"
  locked renew_locked "$3" "$4"
}

renew_locked() {
  read_lease
  [ "$held" = "$run" ] || refuse "the lease is no longer of run $run (${held:-nobody} has it)"
  write_lease "$1" "$2"
}

release() {  # CONTAINER RUN: only one's own
  place_of "$1" "$2"
  [ -d "$place" ] || return 0
  locked release_locked
}

release_locked() {
  read_lease
  [ "$held" != "$run" ] || rm -f "$place/lease"
}

guard() {  # [STEP]: this run holds the lease, and - where a step is named - the journal says so too
  read_lease
  [ "$held" = "$run" ] && [ "$left" -gt 0 ] || refuse "run $run does not hold the lease (${held:-nobody} does, for $left s)"
  [ -n "${1:-}" ] || return 0
  read_journal
  [ "$journal_run" = "$run" ] && [ "$journal_step" = "$1" ] ||
    refuse "the journal is at step ${journal_step:-none} of run ${journal_run:-nobody}, not at $1 of $run"
}

put() {  # CONTAINER RUN TEXT: the journal, on disk before this returns
  place_of "$1" "$2"
  locked put_locked "$3"
}

put_locked() {
  guard
  [ ! -L "$place/journal" ] || refuse "$place/journal is a symbolic link"
  printf '%s' "$1" | synced journal || refuse "the journal cannot be written to $place"
}

journal_lines() {  # KEY: the values of the journal's lines with this key, one a line
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" != "$1" ] || printf '%s\n' "$value"
  done <"$place/journal"
}

prepare() {  # CONTAINER RUN DOCKER...: pins, kept files, saved log; changes nothing of the service
  place_of "$1" "$2"; shift 2
  locked guard begun || exit 75
  journal_lines pin | while read -r value name; do
    "$@" tag "$value" "$name" || exit 1
  done || refuse 'an image could not be pinned'
  rm -rf "$place/kept" && mkdir "$place/kept" || refuse "$place cannot be written to"
  count=0
  journal_lines keep | while read -r value name; do
    count=$((count + 1))
    cp "$name" "$place/kept/$count" && [ "$(sum_of "$place/kept/$count")" = "$value" ] || exit 1
  done || refuse 'a file that the deployment reads could not be kept as it was'
  sync
  save_log before "$@"
}

sum_of() { sha256sum "$1" 2>/dev/null | { read -r value _; printf '%s' "$value"; }; }

save_log() {  # NAME DOCKER...: the container's log stays on the host, it may hold secrets; the newest 20 are kept
  mkdir -p "$HOME/.local/state/ghcr-audit/logs" || return 0
  name=$HOME/.local/state/ghcr-audit/logs/$container-$run-$1.log; shift
  "$@" logs --timestamps --tail 20000 "$container" 2>&1 | head -c 10485760 >"$name"
  ls -t "$HOME/.local/state/ghcr-audit/logs" | tail -n +21 | while read -r value; do
    rm -f "$HOME/.local/state/ghcr-audit/logs/$value"
  done
  echo "log saved: $name"
}

log() {  # CONTAINER RUN NAME DOCKER...
  place_of "$1" "$2"; value=$3; shift 3
  save_log "$value" "$@"
}

started() {  # PID: it, and when it was started: a process id alone is given out again
  value=$1 line=$(cat "/proc/$1/stat" 2>/dev/null)
  set -- ${line##*) }
  case $1 in '' | Z) ;; *) shift 19; echo "$value.$1" ;; esac
}

act() {  # CONTAINER RUN STEP DIRECTORY WORD...: a change, begun only while the lease is held and the journal says so
  place_of "$1" "$2"; line=$3; name=$4; shift 4
  locked act_locked "$line" || exit 75
  trap 'rm -f "$place/group"' EXIT
  cd "$name" || exit 75
  now; mark "begin $(date -u +%s)"
  GHCR_AUDIT_DRILL=$run "$@"
  code=$?
  now; mark "end $code"
  exit "$code"
}

act_locked() {
  guard "$1"
  started $$ | synced group
}

mark() { [ ! -f "$place/poll" ] || printf '%s %s\n' "$T" "$1" >>"$place/poll"; }

end_processes() {  # CONTAINER RUN: whatever changes of a drill still run here, also those that left their group
  place_of "$1" "$2"
  locked guard || exit 75
  rm -f "$place"/polling.*
  for code in 15 15 9; do
    marked=$(marked_processes)
    [ -n "$marked" ] || break
    echo "ended (signal $code):" $marked
    for value in $marked; do kill "-$code" "$value" 2>/dev/null; done
    for value in 1 2 3 4 5 6 7 8 9 10; do
      [ -n "$(marked_processes)" ] || break
      sleep 0.3 2>/dev/null || sleep 1
    done
  done
  [ -z "$(marked_processes)" ] || { echo "processes do not end:" $(marked_processes) >&2; return 1; }
  rm -f "$place/group"
}

marked_processes() {  # of any drill's change of this login, and the recorded one
  if read -r value <"$place/group"; then
    [ "$(started "${value%.*}")" != "$value" ] || echo "${value%.*}"
  fi 2>/dev/null
  for name in /proc/[0-9]*; do
    [ "${name#/proc/}" = $$ ] || ! grep -qz "^GHCR_AUDIT_DRILL=" "$name/environ" 2>/dev/null || echo "${name#/proc/}"
  done
}

poll_start() {  # CONTAINER RUN LIMIT_S URL: asks for health 20 times a second, writes down each change
  place_of "$1" "$2"
  locked guard || exit 75
  rm -f "$place"/polling.*
  : >"$place/poll"; token=$place/polling.$$; : >"$token"
  now
  [ -n "$4" ] || { mark 'asked 0'; echo 'no URL to ask'; return 0; }
  command -v curl >/dev/null 2>&1 || { mark 'asked 0'; echo 'no curl to ask with' >&2; return 1; }
  poll "$4" "$3" </dev/null >/dev/null 2>&1 &
}

poll() {  # URL LIMIT_S
  last= count=0; now; until=$((T + $2 * 100))
  while [ -e "$token" ] && [ "$T" -lt "$until" ]; do
    now; asked=$T
    code=$(curl -q -s -o /dev/null --max-time 1 --max-filesize 65536 --proto =http,https \
      --write-out '%{http_code}' "$1")
    now; count=$((count + 1))
    case $code in 2??) is=up at=$T ;; *) is=down at=$asked ;; esac
    [ "$is" = "$last" ] || { printf '%s %s %s\n' "$at" "$is" "$code" >>"$place/poll"; last=$is; }
    sleep 0.05 2>/dev/null || sleep 1
  done
  now; mark "asked $count"
}

poll_end() {  # CONTAINER RUN: what was seen
  place_of "$1" "$2"
  now; mark stop
  rm -f "$place"/polling.*
  for value in 1 2 3 4 5 6; do
    sleep 0.2 2>/dev/null || sleep 1
    ! grep -q ' asked ' "$place/poll" 2>/dev/null || break
  done
  head -c 65536 "$place/poll"
}

pulled() {  # CONTAINER RUN DOCKER...: which images the engine pulled since the last action began
  place_of "$1" "$2"; shift 2
  value=$(sed -n 's/^[0-9]* begin //p' "$place/poll" | tail -n 1)
  case $value in '' | *[!0-9]*) echo 'when it began is not known' >&2; return 1 ;; esac
  "$@" events --since "$value" --until "$(date -u +%s)" --filter type=image --filter event=pull \
    --format '{{.Actor.ID}}' | head -n 50
}

settle() {  # CONTAINER WITHIN_S SETTLE_S URL DOCKER...: until it was healthy, or plainly is not, for SETTLE_S
  container=$1 within=$2 window=$3 url=$4; shift 4
  now; began=$T; since=$T; last=; verdict=
  while [ -z "$verdict" ]; do
    is=$(state_of "$@")
    now
    if [ "$is" != "$last" ]; then
      printf '%s %s\n' "$((T - began))0" "$is"
      last=$is since=$T
    fi
    held=$((T - since)) late=$((T - began - within * 100))
    case $is in
      'running healthy '*' 2'?? | 'running none '*' 2'?? | 'running healthy '*' -' | 'running none '*' -') good=1 ;;
      *) good= ;;
    esac
    if [ -n "$good" ]; then [ "$held" -lt $((window * 100)) ] || verdict=healthy
    elif [ "$late" -ge 0 ]; then verdict='not healthy in time'
    else case $is in
      'running unhealthy '*) [ "$held" -lt $((window * 100)) ] || verdict=unhealthy ;;
      'restarting '*' '[3-9]' '* | 'restarting '*' '[1-9][0-9]*' '*) verdict='restarts again and again' ;;
    esac; fi
    [ -n "$verdict" ] || sleep 0.2 2>/dev/null || sleep 1
  done
  now; printf '%s0 %s\n' "$((T - began))" "$verdict"
  [ "$verdict" = healthy ]
}

state_of() {  # DOCKER...: `STATUS HEALTH RESTARTS HTTP`, HTTP being `-` without a URL
  value=$("$@" inspect --format \
    '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}}' \
    "$container" 2>/dev/null) || value='absent none 0'
  code=-
  [ -z "$url" ] || code=$(curl -q -s -o /dev/null --max-time 2 --max-filesize 65536 --proto =http,https \
    --write-out '%{http_code}' "$url" 2>/dev/null)
  printf '%s %s' "$value" "$code"
}

close_drill() {  # CONTAINER RUN DOCKER...: the end: pins, kept files, journal, and last of all the lease
  place_of "$1" "$2"; shift 2
  locked close_locked "$@"
}

close_locked() {
  guard
  rm -f "$place"/polling.*
  if [ -f "$place/journal" ]; then
    journal_lines pin | while read -r _ name; do
      ! "$@" image inspect "$name" >/dev/null 2>&1 || "$@" image rm --no-prune "$name" >/dev/null || exit 1
    done || refuse 'a pin could not be removed'
  fi
  rm -rf "$place/kept" && rm -f "$place/journal" "$place/group" "$place/poll" "$place/restoring" &&
    { sync "$place" 2>/dev/null || sync; } && rm -f "$place/lease" && echo closed
}
