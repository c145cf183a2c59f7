# Many commands in one exec. POSIX sh (dash, busybox, bash); needs awk, head, mktemp, timeout, tr, wc.
# The caller sets GA_NONCE, GA_MASKS_AWK, GA_MASK_AWK, GA_SUDO and defines ga_commands; see framing.py.
# Answers: `NONCE begin`, per command `NONCE frame KEY CODE MS OUT ERR CUT` + OUT + ERR bytes, `NONCE end`.

ga_now() {  # sets T: centiseconds of a monotonic clock, without a process
  if read -r up _ </proc/uptime 2>/dev/null; then T="${up%.*}${up#*.}"; else T="$(date +%s)00"; fi
}

ga_configs() {  # every docker config that may hold a credential for this user, and the helpers' answers
  cat "${DOCKER_CONFIG:-$HOME/.docker}/config.json" 2>/dev/null
  [ -z "$GA_SUDO" ] || timeout 5 $GA_SUDO sh -c 'cat "${DOCKER_CONFIG:-$HOME/.docker}/config.json"' 2>/dev/null </dev/null
}

ga_helper_answers() {  # what credential helpers named in the configs hold for the audited registry
  [ -n "$GA_REGISTRY" ] || return 0
  ga_configs | tr ',{}' '\n\n\n' | awk -v registry="$GA_REGISTRY" '
    { n = split($0, part, "\""); if (n >= 4 && (part[2] == "credsStore" || part[2] == registry)) print part[4] }' |
  while read -r helper; do
    case $helper in *[!A-Za-z0-9._-]* | '') continue ;; esac
    printf '%s' "$GA_REGISTRY" | timeout 5 "docker-credential-$helper" get 2>/dev/null
  done
}

ga_masked() {  # FILE: its content with every stored credential value replaced
  if [ -z "$GA_MASKS" ]; then cat "$1"; return; fi
  { printf '%s\n\n' "$GA_MASKS"; tr -d '\000' <"$1"; printf x; } | awk "$GA_MASK_AWK"
}

ga_settle() {  # NAME CAP: mask, then cut; what a cut may have torn apart is dropped with it
  raw=$(wc -c <"$GA_TMP/$1")
  ga_masked "$GA_TMP/$1" >"$GA_TMP/$1.masked"
  size=$(wc -c <"$GA_TMP/$1.masked")
  if [ "$raw" -gt "$2" ]; then
    cut=1
    size=$((size - 2048))
    [ "$size" -le "$2" ] || size=$2
    [ "$size" -ge 0 ] || size=0
  fi
  size=$((size))
}

ga_watch() {  # PID KEY DONE TOTAL: how far the command is, about once a second, while it runs
  while kill -0 "$1" 2>/dev/null; do
    sleep 0.5 2>/dev/null || sleep 1
    printf '%s progress %s %d %d\n' "$GA_NONCE" "$2" \
      "$(grep -cE "$3" "$GA_TMP/out")" "$(grep -cE "$4" "$GA_TMP/out")"
  done
}

ga_run() {  # KEY LIMIT_S CAP_BYTES STDIN(0|1) DONE TOTAL COMMAND
  ga_now; began=$T; cut=0
  : >"$GA_TMP/out"; : >"$GA_TMP/err"
  if [ "$4" = 1 ]; then
    ( trap - HUP PIPE; ulimit -f $(($3 / 512 + 16)); exec timeout -k 2 "$2" sh -c "$7" ) >"$GA_TMP/out" 2>"$GA_TMP/err"
    code=$?
  else
    ( trap - HUP PIPE; ulimit -f $(($3 / 512 + 16)); exec timeout -k 2 "$2" sh -c "$7" ) \
      </dev/null >"$GA_TMP/out" 2>"$GA_TMP/err" &
    child=$!
    [ -z "$6" ] || ga_watch "$child" "$1" "$5" "$6"
    wait "$child"
    code=$?
  fi
  ga_now
  ga_settle out "$3"; out=$size
  ga_settle err "$3"; err=$size
  printf '%s frame %s %d %d %d %d %d\n' "$GA_NONCE" "$1" "$code" "$(((T - began) * 10))" "$out" "$err" "$cut"
  head -c "$out" "$GA_TMP/out.masked"
  head -c "$err" "$GA_TMP/err.masked"
}

ga_main() {
  LC_ALL=C; LANGUAGE=C; export LC_ALL LANGUAGE
  PATH="${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; export PATH
  umask 077
  for need in awk head mktemp timeout tr wc; do
    command -v "$need" >/dev/null 2>&1 || { printf '%s lacks %s\n' "$GA_NONCE" "$need"; return 0; }
  done
  GA_TMP=$(mktemp -d /dev/shm/ghcr-audit.XXXXXX 2>/dev/null) ||
    GA_TMP=$(mktemp -d "${TMPDIR:-/tmp}/ghcr-audit.XXXXXX") ||
    { printf '%s lacks temporary-space\n' "$GA_NONCE"; return 0; }
  export GA_TMP
  trap 'rm -rf "$GA_TMP"' EXIT
  trap '' HUP PIPE
  trap 'exit 143' INT TERM
  GA_MASKS=$({ ga_configs; ga_helper_answers; } | awk "$GA_MASKS_AWK")
  printf '%s begin\n' "$GA_NONCE"
  ga_commands
  printf '%s end\n' "$GA_NONCE"
}
ga_main
