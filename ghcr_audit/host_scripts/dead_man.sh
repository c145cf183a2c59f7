# A drill's dead-man timer: restores the host when nobody renews the drill's lease any more, without any controller.
# Follows lease.sh, drill.sh, restore.sh and compose.sh. `arm` lays it beside the journal as dead-man.sh and starts it
# as `watch ...`. Needs setsid or nohup, sed, timeout; holds no secret. It acts as a run of its own (`timer_of`), so the
# fence that keeps other runs apart keeps it and a controller that comes back apart, too. A reboot ends it.
unset drill lease_s limit_s within_s settle_s url me kept timer log keeper patience pause free_at ends_at why ran seen_at

arm() {  # CONTAINER RUN PROGRAM LEASE_S LIMIT_S WITHIN_S SETTLE_S URL DOCKER...: returns when it watches
  place_of "$1" "$2"; value=$3; shift 3
  locked arm_locked "$value" || exit 75
  name=$(command -v setsid || command -v nohup) || refuse 'the host has neither setsid nor nohup'
  # Nothing of the session may stay open in it, or the SSH channel would never end.
  ( cd / && exec "$name" sh "$place/dead-man.sh" watch "$container" "$run" "$@" \
    </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- ) &
  for count in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.2 2>/dev/null || sleep 1
    ! read -r value line 2>/dev/null <"$place/dead-man" || [ "$line" != "$run" ] || break
  done
  [ "$line" = "$run" ] && [ "$(started "${value%.*}")" = "$value" ] || refuse 'the dead-man timer does not start'
  echo "dead-man timer armed: process ${value%.*}"
}

arm_locked() {  # PROGRAM
  own_journal
  disarm
  rm -f "$place/dead-man.sh.new"
  printf '%s' "$1" | synced dead-man.sh && chmod 700 "$place/dead-man.sh" || refuse "$place cannot be written to"
}

watch() {  # CONTAINER RUN LEASE_S LIMIT_S WITHIN_S SETTLE_S URL DOCKER...: until the drill is over; six hours at most
  trap '' HUP
  umask 077; LC_ALL=C; export LC_ALL
  place_of "$1" "$2"
  drill=$2 lease_s=$3 limit_s=$4 within_s=$5 settle_s=$6 url=$7; shift 7
  log=$HOME/.local/state/ghcr-audit/logs/dead-man-$drill.log timer="the host's dead-man timer of run $drill"
  me=$(started $$) kept=$(cat "$place/journal"; echo .)
  locked enlist || return 0
  run=$(timer_of "$drill")
  # Twice the lease: a controller that lives has missed twelve renewals by then.
  patience=$((lease_s * 200)) free_at= ran= seen_at=; pause=$patience; now; ends_at=$((T + 6 * 360000))
  while still_open; do
    ! due || attempt "$@"
    sleep 1
  done
  [ "$T" -lt "$ends_at" ] || [ "$ends_at" = 0 ] || say 'given_up after six hours'
  locked sign_off
}

enlist() {  # one timer per place: the one whose process stands in the file
  ! read -r value line <"$place/dead-man" || [ "$(started "${value%.*}")" != "$value" ] || return 1
  echo "$me $drill" | synced dead-man
}

sign_off() { ! read -r value _ <"$place/dead-man" || [ "$value" != "$me" ] || rm -f "$place/dead-man" "$place/dead-man.sh"; }

still_open() {  # this drill's journal is there, or what cannot be read; and no other timer has taken the place
  now
  [ "$T" -lt "$ends_at" ] && [ -f "$place/journal" ] && read -r value _ <"$place/dead-man" && [ "$value" = "$me" ] ||
    return 1
  value=$(drill_of <"$place/journal")
  [ -z "$value" ] || [ "$value" = "$drill" ]
}

due() {  # nobody has held the lease for long enough, as seen from here: a minute without a look begins anew
  read_lease; now
  [ $((T - ${seen_at:-$T})) -lt 6000 ] || free_at=
  seen_at=$T
  if [ "$left" -gt 0 ]; then free_at=; return 1; fi
  free_at=${free_at:-$T}
  [ $((T - free_at)) -ge "$patience" ]
}

attempt() {  # DOCKER...: holds the lease meanwhile; where it fails, others may try before the next attempt
  free_at=
  locked take_locked "$lease_s" restore "$timer" || return 0
  mkdir -p "${log%/*}"; [ ! -L "$log" ] || rm -f "$log"
  if made_anew "$@"; then
    say 'given_up somebody made the container anew after the timer had failed'
    ends_at=0
    locked release_locked
    return 0
  fi
  say 'restoring nobody renewed the lease'
  keep_lease & keeper=$!
  why=
  put_back "$@" >>"$log" 2>&1
  kill "$keeper" 2>/dev/null; wait "$keeper"
  [ -n "$why" ] || return 0
  say "failed $why"
  ran=$(container_id "$@")
  locked release_locked
  patience=$pause pause=$((pause * 2))
  [ "$pause" -le 90000 ] || pause=90000
}

container_id() { "$@" inspect --format '{{.Id}}' "$container" 2>/dev/null; }

made_anew() {  # DOCKER...: since this timer failed, and by nobody who restores: then a person is at it
  [ -n "$ran" ] || return 1
  read_journal
  value=$(container_id "$@")
  [ "$journal_run" = "$run" ] && [ -n "$value" ] && [ "$value" != "$ran" ]
}

say() { printf 'dead-man %s %s %s %s\n' "$(date -u +%s)" "$container" "$drill" "$1" >>"$log"; }

keep_lease() {  # every quarter of it, as long as the timer itself lives
  count=0
  while sleep 1 && [ "$(started "${me%.*}")" = "$me" ]; do
    count=$((count + 4))
    [ "$count" -lt "$lease_s" ] || { count=0; locked renew_locked "$lease_s" "$timer" || return 1; }
  done
}

put_back() {  # DOCKER...: sets why where it does not succeed
  why='the journal cannot be written'
  value=$(mine; echo .)
  locked put_locked restoring "${value%.}" || return
  why='what the drill left running does not end'
  ( end_processes "$container" "$run" ) || return
  why='not all could be restored'
  restored_within "$@" || return
  why='the service does not become healthy'
  settled "$@" || return
  why='the container is not as it was'
  ( read_wanted; as_before "$@" ) || return
  say 'restored'  # before the lease goes: a controller that comes back reads it
  why='the drill could not be closed'
  ( close_drill "$container" "$run" "$@" ) || return
  why=
}

mine() {  # the journal as it was when the timer was armed, at the timer's own step: what was forged since does not count
  printf '%s' "${kept%.}" | sed -e "s/^run .*/run $run/" -e 's/^step .*/step restoring/' \
    -e "/^json /s/\"by\":\"[^\"]*\"/\"by\":\"$run\"/" -e '/^json /s/"step":"[^"]*"/"step":"restoring"/'
}

restored_within() {  # DOCKER...: the restore, as a process of its own that ends at its limit, marked to be found
  GA_TMP=$(mktemp -d /dev/shm/ghcr-audit.XXXXXX 2>/dev/null) || GA_TMP=$(mktemp -d "${TMPDIR:-/tmp}/ghcr-audit.XXXXXX") ||
    return 1
  GA_TMP=$GA_TMP GHCR_AUDIT_DRILL=$container timeout -k 5 "$limit_s" \
    sh "$place/dead-man.sh" restore "$container" "$run" "$@"
  code=$?
  rm -rf "$GA_TMP"
  return "$code"
}

settled() {  # DOCKER...: what ran and was healthy must be so again
  case $kept in *'
status running
'*) ;; *) return 0 ;; esac
  case $kept in *'"health":"healthy"'* | *'"health":null'*) ;; *) return 0 ;; esac
  case $kept in *'"http_healthy":true'*) ;; *) url= ;; esac
  ( settle "$container" "$within_s" "$settle_s" "$url" "$@" )
}

said() {  # CONTAINER [RUN]: of this drill's timer, or of the container's newest that did anything; only reads
  container=$1 run=${2:-} place=$HOME/.local/state/ghcr-audit/$1 log=$HOME/.local/state/ghcr-audit/logs
  read_lease
  if [ -n "$run" ] && [ "$held" = "$(timer_of "$run")" ] && [ "$left" -gt 0 ]; then echo busy
  elif [ -n "$run" ] && restored_by_timer; then echo over
  else echo idle; fi
  ls -t "$log" 2>/dev/null | while read -r name; do
    case $name in "dead-man-$run"*.log) ;; *) continue ;; esac
    line=$(grep "^dead-man [0-9]* $container " "$log/$name" 2>/dev/null | tail -n 1)
    [ -z "$line" ] || { printf '%s\n' "$line"; break; }
  done
}
