# Pulling while no local tag moves: REFERENCE MARK RUN DOCKER... in three steps of one framed exec, `pin`,
# `pull_pinned` and `put_back`, of which the caller adds one. MARK stands for the reference in names.
# One audit at a time: the lock belongs to the framed shell (GA_PID), is taken before the pin and given back
# after the put back. Exit code 75: refused, nothing was pulled. What an ended run left behind is put back first.
set +a
unset reference mark run uid folder lock me held tries name id pin pins left before done told process

started() {  # PID: it, and when it was started: a process id alone is given out again
  process=$1 told=$(cat "/proc/$1/stat" 2>/dev/null)
  set -- ${told##*) }  # proc(5): from the third field on; it is the 22nd that tells
  case $1 in
    '') ! kill -0 "$process" 2>/dev/null || echo "$process.0" ;;
    Z) ;;
    *) shift 19; echo "$process.$1" ;;
  esac
}

dead() {  # LINK: it names no process that still runs
  held=$(readlink "$1" 2>/dev/null)
  [ -z "$held" ] || [ "$(started "${held%.*}")" != "$held" ]
}

refuse() {  # WHY
  printf 'nothing was pulled: %s\n' "$1" >&2
  exit 75
}

find_lock() {  # always in /tmp: two sessions of one login may have different runtime folders
  uid=$(id -u) folder=/tmp/ghcr-audit-$(id -u) me=$(started "$GA_PID")
  mkdir -m 700 "$folder" 2>/dev/null
  case $(ls -ldn "$folder" 2>/dev/null) in
    drwx------*) ;;
    *) refuse "$folder is no private folder of this login" ;;
  esac
  [ "$(ls -ldn "$folder" | awk '{ print $3 }')" = "$uid" ] || refuse "$folder belongs to somebody else"
  lock=$folder/$mark
}

take_lock() {  # within 60 s
  find_lock
  tries=0
  until ln -s "$me" "$lock" 2>/dev/null; do
    [ "$tries" -lt 60 ] || refuse "another audit pulls $reference (lock $lock $(readlink "$lock")), waited 60 s"
    free_dead_lock || sleep 1
    tries=$((tries + 1))
  done
}

free_dead_lock() {  # only one at a time may judge: the second would remove the lock that the first then took
  dead "$lock" && dead "$lock.puller" || return 1
  ln -s "$me" "$lock.judge" 2>/dev/null || { ! dead "$lock.judge" || rm -f "$lock.judge"; return 1; }
  if dead "$lock" && [ -n "$held" ]; then rm -f "$lock"; fi  # a free one may be taken at any moment
  rm -f "$lock.judge"
}

id_of() { "$@" image inspect --format '{{.Id}}' "$name" 2>/dev/null; }

image_id() {  # NAME DOCKER...: sets id, empty where there is none
  name=$1; shift
  id=$(id_of "$@")
}

restore() {  # PIN DOCKER...: the reference stands where the pin does, then the pin goes; sets done
  pin=$1; shift
  image_id "$pin" "$@"; before=$id
  image_id "$reference" "$@"
  [ -n "$before" ] || { echo "$pin is gone" >&2; return 1; }
  done='did not move'
  if [ "$before" != "$id" ]; then
    "$@" tag "$pin" "$reference" || return 1
    image_id "$reference" "$@"
    [ "$before" = "$id" ] || { echo "$reference does not stand where it stood" >&2; return 1; }
    done='was moved by the pull and put back'
  fi
  "$@" image rm --no-prune "$pin" >/dev/null
}

sweep() {  # DOCKER...: what ended runs of this login pinned; another login's pin may be in use
  pins=$("$@" image ls --format '{{.Tag}}' ghcr-audit/pin) || refuse 'the engine does not list its images'
  for left in $pins; do
    case $left in
      "$mark-$uid-"*)
        restore "ghcr-audit/pin:$left" "$@" || refuse "what an ended run pinned cannot be put back ($left)"
        echo "left by a run that was ended: $done" ;;
      "$mark-"*) refuse "another login pulls $reference, or was ended: docker tag and rm ghcr-audit/pin:$left" ;;
    esac
  done
}

pin() {  # REFERENCE MARK RUN DOCKER...
  reference=$1 mark=$2 run=$3; shift 3
  take_lock
  sweep "$@"
  image_id "$reference" "$@"; before=$id pin=
  if [ -n "$before" ]; then
    pin=ghcr-audit/pin:$mark-$uid-$run
    "$@" tag "$reference" "$pin" || exit 1
    image_id "$pin" "$@"
    [ "$before" = "$id" ] || { echo "$reference moved while it was pinned" >&2; exit 1; }
  else
    "$@" version >/dev/null || refuse 'the engine does not answer'
  fi
  printf '%s\n' "$pin" >"$GA_TMP/pinned" || exit 1
  if [ -n "$pin" ]; then echo 'stood before'; else echo 'was not there before'; fi
}

pull_pinned() {  # REFERENCE MARK RUN DOCKER...
  reference=$1 mark=$2; shift 3
  [ -e "$GA_TMP/pinned" ] || refuse "what stands under $reference could not be pinned"
  find_lock
  rm -f "$lock.puller"
  ln -s "$(started $$)" "$lock.puller"  # should the framed shell be killed, the pull may go on without it
  exec "$@" pull "$reference"
}

put_back() {  # REFERENCE MARK RUN DOCKER...
  reference=$1 mark=$2; shift 3
  find_lock
  trap '[ "$(readlink "$lock")" != "$me" ] || rm -f "$lock.puller" "$lock"' EXIT
  [ -e "$GA_TMP/pinned" ] || { echo 'nothing was pinned, nothing was pulled' >&2; exit 75; }
  read -r pin <"$GA_TMP/pinned"
  if [ -z "$pin" ]; then echo 'was not there before'; exit 0; fi
  restore "$pin" "$@" || exit 1
  printf '%s\n' "$done"
}
