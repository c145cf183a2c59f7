# A drill's place on the host, its lease and its journal. POSIX sh; needs flock and sync.
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
  for name in lease lock restoring poll group kept closed; do
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
  [ "$2" = new ] || { not_by_timer; not_over "$run"; }
  read_lease
  if [ -n "$held" ] && [ "$held" != "$run" ] && [ "$left" -gt 0 ]; then
    refuse "run $held ($holder) holds the lease for $left s more"
  fi
  # A restore of this very run may go on after its connection was lost: restore.sh waits for it.
  [ "$held" = "$run" ] || [ ! -e "$place/restoring" ] || ( flock -n 8 ) 8>"$place/restoring" ||
    refuse 'somebody restores this host at this moment'
  plain_journal "$2"
  read_journal
  if [ "$2" = new ] && [ -n "$journal_run" ]; then
    refuse "the drill of run $journal_run was not finished (step ${journal_step:-unknown}): restore it first" 76
  fi
  write_lease "$1" "$3" || refuse "$place cannot be written to"
  [ "$2" != new ] || anew
  echo "lease of $1 s for run $run at $(date -u +%s)"
}

plain_journal() {  # new|restore: what stands in the journal's place and is none goes; a restore writes it anew
  [ -e "$place/journal" ] || [ -L "$place/journal" ] || return 0
  if [ -f "$place/journal" ] && [ ! -L "$place/journal" ]; then return 0; fi
  [ "$1" = restore ] || refuse "$place/journal is no plain file"
  rm -rf "$place/journal"
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
  [ "$held" != "$run" ] || rm -f "$place/lease" "$place"/*.new
}

guard() {  # [STEP]: this run holds the lease, and - where a step is named - the journal says so too
  read_lease
  [ "$held" = "$run" ] && [ "$left" -gt 0 ] || refuse "run $run does not hold the lease (${held:-nobody} does, for $left s)"
  [ -n "${1:-}" ] || return 0
  read_journal
  [ "$journal_run" = "$run" ] && [ "$journal_step" = "$1" ] ||
    refuse "the journal is at step ${journal_step:-none} of run ${journal_run:-nobody}, not at $1 of $run"
}

not_by_timer() { ! restored_by_timer || refuse "the host's dead-man timer restored it"; }

not_over() {  # RUN: its drill was not closed already: who comes late would undo what was deployed since
  [ -z "$1" ] || ! grep -qxF -e "$1" "$place/closed" 2>/dev/null ||
    refuse "the drill of run $1 is over: this host was restored, and the drill closed"
}

anew() {  # a run that is run again, as Prefect does on a retry, drills again
  ! grep -qxF -e "$run" "$place/closed" 2>/dev/null || grep -vxF -e "$run" "$place/closed" | synced closed
}

own_journal() {  # this run holds the lease, and the journal is its own
  guard
  read_journal
  [ "$journal_run" = "$run" ] || refuse "the journal is of run ${journal_run:-nobody}, not of $run"
}

put() {  # CONTAINER RUN STEP TEXT: the journal, on disk before this returns
  place_of "$1" "$2"
  locked put_locked "$3" "$4"
}

put_locked() {  # STEP TEXT: never back from restoring: a command may come late, after its connection was lost
  guard
  not_by_timer
  not_over "$(printf '%s\n' "$2" | drill_of)"
  read_journal
  case $journal_step.$1 in
    restoring.restoring | restoring.closing | closing.restoring | closing.closing) ;;
    restoring.* | closing.*) refuse "the host is being restored, it is too late for step $1" ;;
  esac
  [ ! -L "$place/journal" ] || refuse "$place/journal is a symbolic link"
  printf '%s' "$2" | synced journal || refuse "the journal cannot be written to $place"
}

drill_of() {  # of a journal on standard input: the run whose drill it is, whoever acts on it now
  sed -n 's/^json {"target":"[^"]*","run":"\([0-9a-f-]*\)".*/\1/p'
}

timer_of() {  # RUN: the run as which its dead-man timer acts (see dead_man.sh)
  case $1 in dead*) echo "daed${1#????}" ;; *) echo "dead${1#????}" ;; esac
}

restored_by_timer() {  # this run's drill is over: the host's dead-man timer restored it, and closed it
  read_journal
  case $journal_run in "$run" | "$(timer_of "$run")") return 1 ;; esac
  line=$(grep '^dead-man ' "$HOME/.local/state/ghcr-audit/logs/dead-man-$run.log" 2>/dev/null | tail -n 1)
  case $line in 'dead-man '*" $run restored") ;; *) return 1 ;; esac
}
