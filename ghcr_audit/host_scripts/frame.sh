# Many commands in one exec. POSIX sh (dash, busybox, bash); needs awk, head, mkfifo, mktemp, timeout, tr, wc.
# The caller sets GA_NONCE, GA_TOTAL, GA_ASIDE, GA_MASKS_AWK, GA_MASK_AWK, GA_SUDO and defines ga_commands and, for
# what may run beside those, ga_aside; see framing.py.
# Answers: `NONCE begin`, per command `NONCE frame KEY CODE MS OUT ERR CUT` + OUT + ERR bytes, `NONCE end`.

# A login may export names of ours: their values would stand in the environment of every child.
unset GA_MASKS GA_TMP GA_PID GA_SETSID GA_COUNT GA_AT T up until turns helper raw size cut out err code child lane began ms need
unset file masked

ga_now() {  # sets T: centiseconds of a monotonic clock, without a process
  if read -r up _ </proc/uptime 2>/dev/null; then T="${up%.*}${up#*.}"; else T="$(date +%s)00"; fi
}

ga_config() {  # [SUDO...]: that user's docker config; where masks would be missing for its size or slowness, that is told
  timeout 5 "$@" sh -c 'file=${DOCKER_CONFIG:-$HOME/.docker}/config.json
    [ -f "$file" ] && [ -r "$file" ] || exit 0  # a pipe or device might never end
    [ "$(wc -c <"$file")" -le 1048576 ] || exit 99
    head -c 1048576 "$file"' 2>/dev/null </dev/null
  case $? in 99 | 124 | 137) : >"$GA_TMP/unread" ;; esac
}

ga_configs() {  # every docker config that may hold a credential for this user
  ga_config
  [ -z "$GA_SUDO" ] || ga_config $GA_SUDO
}

ga_helper_answers() {  # [SUDO...]: what the helpers named in the configs hold for the audited registry
  [ -n "$GA_REGISTRY" ] || return 0
  ga_configs | tr ',{}' '\n\n\n' | awk -v registry="$GA_REGISTRY" '
    { n = split($0, part, "\""); if (n >= 4 && (part[2] == "credsStore" || part[2] == registry)) print part[4] }' |
  while read -r helper; do
    case $helper in *[!A-Za-z0-9._-]* | '') continue ;; esac
    printf '%s' "$GA_REGISTRY" | timeout 5 "$@" "docker-credential-$helper" get 2>/dev/null
  done
}

ga_masks() {  # every value to be masked; under sudo the helpers may hold other ones
  ga_configs
  ga_helper_answers
  [ -z "$GA_SUDO" ] || ga_helper_answers $GA_SUDO
}

ga_values() {  # the values to be masked in what ga_masks prints; within 20 s, or it is told as not read
  timeout 20 awk "$GA_MASKS_AWK" 2>/dev/null
  code=$?
  [ "$code" != 124 ] || : >"$GA_TMP/unread"
  return "$code"
}

ga_stop() {  # whoever ends this shell ends the running commands with it: nothing would be told of them any more
  [ -z "$child" ] || kill -15 "-$child" 2>/dev/null || kill "$child" 2>/dev/null
  [ -z "$lane" ] || kill "$lane" 2>/dev/null
}

ga_masked() {  # FILE: its content with every stored credential value replaced
  { printf '%s\n' "$GA_MASKS"; tr -d '\000' <"$1"; printf x; } | awk "$GA_MASK_AWK"
}

ga_keep() {  # NAME CAP: the first bytes of that pipe; what follows is read and dropped, so that no writer ever fails
  exec <"$GA_AT/$1.pipe" >"$GA_AT/$1" 2>/dev/null
  ulimit -c 0; ulimit -f $(($2 / 512 + 16))
  cat || cat >/dev/null
  : >"$GA_AT/$1.end"
}

ga_drained() {  # waits until both pipes were read to their end; whom the command left behind may hold them: 1 s then
  turns=0; ga_now; until=$((T + 100))
  while { [ ! -e "$GA_AT/out.end" ] || [ ! -e "$GA_AT/err.end" ]; } && [ "$T" -lt "$until" ]; do
    turns=$((turns + 1))
    [ "$turns" -gt 100 ] || continue  # about a millisecond, without a process: as a rule that is enough
    sleep 0.01 2>/dev/null || sleep 1
    ga_now
  done
}

ga_settle() {  # CAP: masks, then measures and cuts both outputs: sets out, err (bytes to tell) and cut
  out=0 err=0 cut=0
  [ -s "$GA_AT/out" ] || [ -s "$GA_AT/err" ] || return 0
  for file in out err; do
    if [ -z "$masked" ]; then continue
    elif [ -s "$GA_AT/$file" ]; then ga_masked "$GA_AT/$file" >"$GA_AT/$file$masked"
    else : >"$GA_AT/$file$masked"; fi
  done
  wc -c "$GA_AT/out" "$GA_AT/out$masked" "$GA_AT/err" "$GA_AT/err$masked" >"$GA_AT/sizes"
  {
    read -r raw _; read -r size _; ga_cut "$1"; out=$size
    read -r raw _; read -r size _; ga_cut "$1"; err=$size
  } <"$GA_AT/sizes"
}

ga_cut() {  # CAP: of an output of `raw` bytes that was longer, what a cut may have torn apart is dropped with it
  [ "$raw" -gt "$1" ] || return 0
  cut=1
  size=$((size - 2048))
  [ "$size" -le "$1" ] || size=$1
  [ "$size" -ge 0 ] || size=0
}

ga_watch() {  # PID KEY DONE TOTAL: how far the command is, about once a second, while it runs
  while kill -0 "$1" 2>/dev/null; do
    sleep 0.5 2>/dev/null || sleep 1
    printf '%s progress %s %d %d\n' "$GA_NONCE" "$2" \
      "$(grep -cE "$3" "$GA_AT/out")" "$(grep -cE "$4" "$GA_AT/out")"
    case $(tail -n 1 "$GA_AT/out" 2>/dev/null) in 'Username: ') kill "$1" ;; esac  # docker asks, and would for ever
  done
}

ga_end_group() {  # PID LIMIT_S: after a time limit, the whole group ends, also what ignores TERM; told as 124 always
  [ $((T - began)) -ge $(($2 * 100)) ] || return 0
  case $code in 124 | 137 | 143) code=124 ;; *) return 0 ;; esac
  kill -0 "-$1" 2>/dev/null || return 0
  sleep 2
  kill -9 "-$1" 2>/dev/null
}

ga_run() {  # KEY LIMIT_S CAP_BYTES STDIN(0|1) DONE TOTAL COMMAND
  # The shell stays in between: it can be ended at the limit, a sudo in its place could not.
  ga_now; began=$T; GA_COUNT=$((GA_COUNT + 1)); GA_AT=$GA_TMP/$GA_COUNT
  ga_keep out "$3" 3<&- &
  ga_keep err "$3" 3<&- &
  if [ "$4" = 1 ]; then exec 4<&3; else exec 4</dev/null; fi
  ( trap - HUP PIPE; exec $GA_SETSID timeout -k 2 "$2" sh -c "$7
exit \$?" ) \
    <&4 3<&- 4<&- >"$GA_AT/out.pipe" 2>"$GA_AT/err.pipe" &
  child=$!
  exec 4<&-
  [ -z "$6" ] || ga_watch "$child" "$1" "$5" "$6"
  wait "$child"
  code=$?
  ga_now; ms=$(((T - began) * 10))
  ga_end_group "$child" "$2"
  child=
  ga_drained
  ga_settle "$3"
  printf '%s frame %s %d %d %d %d %d\n' "$GA_NONCE" "$1" "$code" "$ms" "$out" "$err" "$cut"
  [ "$out" -eq 0 ] || head -c "$out" "$GA_AT/out$masked"
  [ "$err" -eq 0 ] || head -c "$err" "$GA_AT/err$masked"
  : >"$GA_AT/out"; : >"$GA_AT/err"
}

ga_beside() {  # NUMBER of the places before its own: a shell beside the other; its frames wait until that one is through
  trap 'ga_stop; exit 143' INT TERM
  child='' lane='' GA_COUNT=$1
  ga_aside >"$GA_TMP/aside"
}

ga_places() {  # a folder with two pipes for each command; all at once, since a process each takes longer than most of them
  [ "$GA_TOTAL" -gt 0 ] || return 0
  set --; while [ $# -lt "$GA_TOTAL" ]; do set -- "$@" "$GA_TMP/$(($# + 1))"; done
  mkdir "$@" || return 1
  for file; do set -- "$@" "$file/out.pipe" "$file/err.pipe"; done
  shift "$GA_TOTAL"
  mkfifo "$@"
}

ga_main() {
  LC_ALL=C; LANGUAGE=C; export LC_ALL LANGUAGE
  PATH="${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; export PATH
  umask 077
  for need in awk head mkfifo mktemp timeout tr wc; do
    command -v "$need" >/dev/null 2>&1 || { printf '%s lacks %s\n' "$GA_NONCE" "$need"; return 0; }
  done
  case $(command -v printf) in  # a printf that is a process would show its words in the process list
    */*) printf '%s lacks builtin-printf\n' "$GA_NONCE"; return 0 ;;
  esac
  GA_TMP=$(mktemp -d /dev/shm/ghcr-audit.XXXXXX 2>/dev/null) ||
    GA_TMP=$(mktemp -d "${TMPDIR:-/tmp}/ghcr-audit.XXXXXX") ||
    { printf '%s lacks temporary-space\n' "$GA_NONCE"; return 0; }
  GA_PID=$$
  export GA_TMP GA_PID
  trap 'rm -rf "$GA_TMP"' EXIT
  trap '' HUP PIPE
  trap 'ga_stop; exit 143' INT TERM
  GA_MASKS=$(ga_masks </dev/null | ga_values && printf %s "$GA_NONCE")
  [ ! -e "$GA_TMP/unread" ] || { printf '%s lacks readable-docker-config\n' "$GA_NONCE"; return 0; }
  case $GA_MASKS in
    *"$GA_NONCE") GA_MASKS=${GA_MASKS%"$GA_NONCE"} ;;
    *) printf '%s lacks working-awk\n' "$GA_NONCE"; return 0 ;;  # without all masks nothing is run
  esac
  GA_SETSID=$(command -v setsid 2>/dev/null)  # busybox' timeout makes no group of its own
  GA_COUNT=0 masked=
  [ -z "$GA_MASKS" ] || masked=.masked
  ga_places || { printf '%s lacks temporary-space\n' "$GA_NONCE"; return 0; }
  exec 3<&0
  child='' lane=''
  [ "$GA_ASIDE" -eq 0 ] || { ga_beside $((GA_TOTAL - GA_ASIDE)) & lane=$!; }
  printf '%s begin\n' "$GA_NONCE"
  ga_commands
  [ -z "$lane" ] || { wait "$lane"; lane=''; cat "$GA_TMP/aside"; }
  printf '%s end\n' "$GA_NONCE"
}
ga_main
