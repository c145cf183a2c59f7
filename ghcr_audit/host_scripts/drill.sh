# The steps of a drill on the host: fenced changes, and health polled meanwhile. Follows lease.sh; needs curl for a URL.

journal_lines() {  # KEY: the values of the journal's lines with this key, one a line
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" != "$1" ] || printf '%s\n' "$value"
  done <"$place/journal"
}

prepare() {  # CONTAINER RUN DOCKER...: pins, kept files, saved log; changes nothing of the service
  place_of "$1" "$2"; shift 2
  locked act_locked begun || exit 75
  trap 'rm -f "$place/group"' EXIT
  journal_lines pin | while read -r value name; do
    "$@" tag "$value" "$name" || exit 1
  done || refuse 'an image could not be pinned'
  rm -rf "$place/kept" && mkdir "$place/kept" || refuse "$place cannot be written to"
  count=0
  journal_lines keep | while read -r value name; do
    count=$((count + 1))
    cp "$name" "$place/kept/$count" && [ "$(sum_of "$place/kept/$count")" = "$value" ] || exit 1
  done || refuse 'a file that the deployment reads could not be kept as it was'
  sync "$place/kept"/* "$place/kept" 2>/dev/null || sync  # the latter waits for everybody's writes
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
  GHCR_AUDIT_DRILL=$container "$@"
  code=$?
  [ "$code" != 75 ] || { echo 'the command itself ended with exit code 75' >&2; code=1; }
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

marked_processes() {  # of any drill's change of this container, and the recorded one
  if read -r value <"$place/group"; then
    [ "$(started "${value%.*}")" != "$value" ] || echo "${value%.*}"
  fi 2>/dev/null
  grep -lzxF "GHCR_AUDIT_DRILL=$container" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ value _; do
    [ "$value" = $$ ] || echo "$value"
  done
}

poll_start() {  # CONTAINER RUN LIMIT_S URL: asks for health 20 times a second, writes down each change
  place_of "$1" "$2"
  locked own_journal || exit 75
  rm -f "$place"/polling.*
  : >"$place/poll"; token=$place/polling.$$; : >"$token"
  now
  [ -n "$4" ] || { mark 'asked 0'; echo 'no URL to ask'; return 0; }
  command -v curl >/dev/null 2>&1 || { mark 'asked 0'; echo 'no curl to ask with' >&2; return 1; }
  # Redirected by exec: with a function's own redirections dash keeps the old pipes open, which somebody waits for.
  ( exec </dev/null >/dev/null 2>&1; poll "$4" "$3" ) &
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
  until=$((T + 120))
  until grep -q ' asked ' "$place/poll" 2>/dev/null || [ "$T" -ge "$until" ]; do
    sleep 0.05 2>/dev/null || sleep 1
    now
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

engine_answers() {  # SECONDS DOCKER...: so long it is waited for
  now; until=$((T + $1 * 100)); shift
  until "$@" version >/dev/null 2>&1; do
    now
    [ "$T" -lt "$until" ] || { echo 'the engine does not answer' >&2; return 1; }
    sleep 0.5 2>/dev/null || sleep 1
  done
}

close_drill() {  # CONTAINER RUN DOCKER...: the end: pins, kept files, journal, and last of all the lease
  place_of "$1" "$2"; shift 2
  engine_answers 5 "$@" || exit 1  # its pins would stay for ever, and nobody would know of them
  locked close_locked "$@"
}

unpin() {  # PIN DOCKER...
  value=$1; shift
  ! "$@" image rm --no-prune "$value" >/dev/null 2>&1 || return 0
  # With the containerd store the last name of an image that runs cannot be removed. Whoever moves it to another image
  # leaves the first one without a name, as it was before.
  id=$("$@" image inspect --format '{{.Id}}' "$value")
  "$@" image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | grep -v -e '<none>' -e ' ghcr-audit/pin:' |
    while read -r wanted name; do [ "$wanted" = "$id" ] || { echo "$name"; break; }; done | {
      read -r name && "$@" tag "$name" "$value" && "$@" image rm --no-prune "$value" >/dev/null
    }
}

close_locked() {
  guard
  rm -f "$place"/polling.*
  if [ -f "$place/journal" ]; then
    line=$("$@" image ls --format '{{.Repository}}:{{.Tag}}') || refuse 'the engine does not list its images'
    journal_lines pin | while read -r _ name; do
      ! printf '%s\n' "$line" | grep -qxF -e "$name" || unpin "$name" "$@" || exit 1
    done || refuse 'a pin could not be removed'
  fi
  value=
  [ ! -f "$place/journal" ] || value=$(drill_of <"$place/journal")
  rm -rf "$place/kept" && rm -f "$place/journal" "$place/group" "$place/poll" "$place/restoring" "$place"/*.new &&
    { sync "$place" 2>/dev/null || sync; } && over "$value" && disarm && rm -f "$place/lease" && echo closed
}

over() {  # RUN: whoever wakes up late with a copy of its journal is refused: somebody may have deployed since
  [ -z "$1" ] || { tail -n 19 "$place/closed" 2>/dev/null; echo "$1"; } | synced closed 2>/dev/null ||
    rm -f "$place/closed.new"
}

disarm() {  # the dead-man timer of this place ends, if there is one; it may itself be who asks (see dead_man.sh)
  if [ ! -L "$place/dead-man" ] && read -r value _ <"$place/dead-man" && [ "${value%.*}" != $$ ]; then
    for count in 1 2 3 4 5 6 7 8 9 10; do
      [ "$(started "${value%.*}")" = "$value" ] && kill "${value%.*}" || break
      sleep 0.1 2>/dev/null || sleep 1
    done
  fi 2>/dev/null
  rm -f "$place/dead-man" "$place/dead-man.sh"
}
