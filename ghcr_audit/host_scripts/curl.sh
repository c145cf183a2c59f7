# Asking over HTTP with curl. Sourced by other programs, after credential.sh; needs GA_TMP.
# What is secret goes to curl as its configuration, by standard input: never in an argument, never over a redirect.

set +a  # a login may export names of ours, or all of them: a secret would stand in the environment of curl
unset status trouble scheme direct limit_s

tell() {  # WORDS: as they are; echo would read escapes in a registry's words, and a line break forges an answer
  printf '%s\n' "$*"
}

quoted() {  # TEXT as curl's configuration quotes it; a line break would end the option
  printf '%s\n' "$1" | sed 's/[\\"]/\\&/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

ask() {  # URL CURL-CONFIGURATION, over $scheme alone, within ${limit_s:-10} s; sets status (HTTP, or - with $trouble)
  trouble=
  : >"$GA_TMP/head"; : >"$GA_TMP/body"
  status=$(printf '%s\n' "$2" | curl -q -sS -g $direct -K - -o "$GA_TMP/body" -D "$GA_TMP/head" -w '%{http_code}' \
    --proto "=$scheme" --connect-timeout 5 --max-time "${limit_s:-10}" --max-filesize 4194304 "$1" 2>/dev/null)
  case $? in
    0) ;;
    5 | 97) status=- trouble=proxy_interference ;;
    6) status=- trouble=dns_failure ;;
    35 | 51 | 60 | 77) status=- trouble=tls_untrusted_or_clock_skew ;;
    *) status=- trouble=network_unreachable_or_timeout ;;
  esac
}

header() {  # NAME: that header of the last answer
  tr -d '\r' <"$GA_TMP/head" | awk -v name="$1" 'BEGIN { name = tolower(name) ":" }
    index(tolower($0), name) == 1 { value = substr($0, length(name) + 1); sub(/^ +/, "", value) } END { print value }'
}

reason() {  # CODE MESSAGE of the last answer's error body (the registry's form or OAuth's), in one line
  flat <"$GA_TMP/body" | awk -F '\t' '{ said[$1] = $2 }
    function first(a, b, c) { return a != "" ? a : b != "" ? b : c }
    END { code = first(said["errors|0|code"], said["code"], said["error"])
      text = first(said["errors|0|message"], said["message"], first(said["error_description"], said["details"]))
      if (code !~ /^[A-Za-z][A-Za-z0-9_.-]*$/) code = ""
      if (code != "" || text != "") print (code == "" ? "-" : code) " " substr(text, 1, 300) }'
}
