# The path from this host to the registry, as far as it shows without asking the registry anything secret:
# https|http REGISTRY DOCKER-COMMAND...
# Lines (network_facts.py): `proxy VARIABLE PLACE`, `engine-proxy http|https PLACE`, `resolves ADDRESS`, `resolves-not`,
# `resolver PLACE`, `tls ok|failed|none`, `tls-issuer WORDS`, `tls-until WORDS`, `tls-says WORDS`.
# A proxy's user and password are taken off here; nothing of a variable but its place leaves the host.

set +a
unset scheme registry name where value lines

place() {  # scheme://user:password@HOST:PORT/path -> HOST:PORT
  value=${1#*://}; value=${value%%/*}; printf '%s\n' "${value##*@}"
}

scheme=$1 registry=$2
shift 2
for name in http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY; do
  eval "value=\${$name:-}"
  [ -z "$value" ] || printf 'proxy %s %s\n' "$name" "$(place "$value")"
done
"$@" info --format 'HTTP {{.HTTPProxy}}
HTTPS {{.HTTPSProxy}}' 2>/dev/null | while read -r name value; do
  case $value in '' | '<no value>') ;; *) printf 'engine-proxy %s %s\n' "$name" "$(place "$value")" ;; esac
done

where=${registry%:*}
case $registry in \[*) where=${registry#\[}; where=${where%%\]*} ;; esac
case $where in
  *[!0-9.:a-fA-F]*)
    if command -v getent >/dev/null 2>&1; then
      lines=$(getent ahosts "$where" 2>/dev/null | awk '!seen[$1]++ && n++ < 6 { print "resolves " $1 }')
      printf '%s\n' "${lines:-resolves-not}"
      awk '$1 == "nameserver" && n++ < 3 { print "resolver " $2 }' /etc/resolv.conf 2>/dev/null
    fi ;;
esac

[ "$scheme" = https ] || exit 0
command -v curl >/dev/null 2>&1 || exit 0
lines=$(curl -q -sSv -o /dev/null --proto =https --connect-timeout 5 --max-time 10 --max-filesize 65536 "https://$registry/v2/" 2>&1)
case $? in
  0 | 8 | 22 | 63) echo 'tls ok' ;;
  35 | 51 | 53 | 54 | 58 | 59 | 60 | 77 | 80 | 83 | 90 | 91) echo 'tls failed' ;;
  *) echo 'tls none' ;;
esac
printf '%s\n' "$lines" | tr -d '\r' | awk '
  /^\* +issuer: / && !i++ { sub(/^\* +issuer: /, ""); print "tls-issuer " substr($0, 1, 200) }
  /^\* +expire date: / && !e++ { sub(/^\* +expire date: /, ""); print "tls-until " substr($0, 1, 60) }
  /^curl: \([0-9]+\) / && !c++ { sub(/^curl: \([0-9]+\) /, ""); print "tls-says " substr($0, 1, 300) }'
