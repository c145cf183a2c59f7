# What the registry answers to this host:
# https|http REGISTRY REPOSITORY TOKEN_HOST credential|anonymous REFERENCE...
# The first reference is the audited one: its platforms are read too. Answers as in registry_view.py.
# Credentials go to curl by its standard input, only to the registry or its token host, never over a redirect.

accept='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

ask() {  # URL CURL-CONFIGURATION; sets status (HTTP, or - with $trouble)
  trouble=
  : >"$GA_TMP/head"; : >"$GA_TMP/body"
  status=$(printf '%s\n' "$2" | curl -q -sS -K - -o "$GA_TMP/body" -D "$GA_TMP/head" -w '%{http_code}' --proto "=$scheme" \
    --connect-timeout 5 --max-time 10 --max-filesize 4194304 "$1" 2>/dev/null)
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

reason() {  # CODE MESSAGE of the last answer's error body, in one line
  flat <"$GA_TMP/body" | awk -F '\t' '$1 == "errors|0|code" { code = $2 } $1 == "errors|0|message" { text = $2 }
    END { gsub(/[^A-Za-z0-9_-]/, "", code); print (code == "" ? "-" : code) " " substr(text, 1, 300) }'
}

bearer() { [ -z "$token" ] || printf 'header = "Authorization: Bearer %s"' "$(quoted "$token")"; }

allowed_realm() {  # URL: is it this registry's, or its configured token host's, over the right scheme
  case $1 in
    "$scheme://$registry"/*) return 0 ;;
    "$scheme://$token_host"/*) [ -n "$token_host" ] ;;
    *) return 1 ;;
  esac
}

get_token() {
  ask "$base/v2/" ''
  if [ -n "$trouble" ]; then echo "challenge error $trouble"; return 1; fi
  echo "challenge $status"
  realm=$(header WWW-Authenticate | sed -n 's/.*[Rr]ealm="\([^"]*\)".*/\1/p')
  service=$(header WWW-Authenticate | sed -n 's/.*service="\([A-Za-z0-9.:_-]*\)".*/\1/p')
  [ -n "$realm" ] || return 0
  allowed_realm "$realm" || { echo 'token - refused-realm'; return 1; }
  basic=
  [ "$who" = anonymous ] || basic="user = \"$(quoted "$user"):$(quoted "$secret")\""
  ask "$realm?service=$service&scope=repository:$repository:pull" "$basic"
  if [ -n "$trouble" ]; then echo "token error $trouble"; return 1; fi
  if [ "$status" != 200 ]; then echo "token $status $(reason)"; return 1; fi
  echo 'token 200'
  flat <"$GA_TMP/body" >"$GA_TMP/token"
  token=$(field token <"$GA_TMP/token")
  [ -n "$token" ] || token=$(field access_token <"$GA_TMP/token")
}

manifest() {  # REFERENCE
  ask "$base/v2/$repository/manifests/$1" "$(bearer)
header = \"Accept: $accept\""
  if [ -n "$trouble" ]; then echo "manifest $1 error $trouble"; return 1; fi
  if [ "$status" != 200 ]; then echo "manifest $1 $status - $(reason)"; return 1; fi
  digest=$(header Docker-Content-Digest)
  media=$(header Content-Type)
  echo "manifest $1 200 ${digest:--} ${media%%;*}"
}

platforms() {  # REFERENCE: of an index its entries, of one manifest its config's
  flat <"$GA_TMP/body" >"$GA_TMP/manifest"
  config_digest=$(field 'config|digest' <"$GA_TMP/manifest")
  case $config_digest in
    sha256:*[!0-9a-f]*) ;;
    sha256:*) config_platform "$1" "$config_digest" ;;
    *) awk -F '\t' -v tag="$1" '
         $1 ~ /^manifests\|[0-9]+\|platform\|/ { split($1, part, "|"); n = part[2]; seen[n] = 1; value[n, part[4]] = $2 }
         END { for (n in seen) { os = value[n, "os"]; arch = value[n, "architecture"]; v = value[n, "variant"]
           if (os != "unknown" && arch != "unknown") print "platform " tag " " os "/" arch (v == "" ? "" : "/" v) } }' \
         <"$GA_TMP/manifest" ;;
  esac
}

config_platform() {  # REFERENCE DIGEST: a redirect to the blob store is followed once, without the credential
  ask "$base/v2/$repository/blobs/$2" "$(bearer)"
  case $status in
    301 | 302 | 303 | 307 | 308)
      place=$(header Location)
      case $place in "$scheme"://*) ask "$place" '' ;; *) return 0 ;; esac ;;
  esac
  [ "$status" = 200 ] || return 0
  flat <"$GA_TMP/body" >"$GA_TMP/config"
  echo "platform $1 $(field os <"$GA_TMP/config")/$(field architecture <"$GA_TMP/config")"
}

tags() {
  page="/v2/$repository/tags/list?n=1000" pages=0 list=
  while [ -n "$page" ] && [ "$pages" -lt 10 ]; do
    ask "$base$page" "$(bearer)"
    if [ -n "$trouble" ]; then echo "tags error $trouble"; return 0; fi
    if [ "$status" != 200 ]; then echo "tags $status $(reason)"; return 0; fi
    flat <"$GA_TMP/body" | awk -F '\t' '$1 ~ /^tags\|/ { print "tag " $2 }' >>"$GA_TMP/tags"
    page=$(header Link | sed -n 's/^<\(\/v2\/[^>]*\)>.*rel="\{0,1\}next.*/\1/p')
    pages=$((pages + 1))
  done
  if [ -z "$page" ]; then echo 'tags 200 complete'; else echo 'tags 200 partial'; fi
  cat "$GA_TMP/tags"
}

look() {
  scheme=$1 registry=$2 repository=$3 token_host=$4 who=$5 token=
  shift 5
  base=$scheme://$registry
  command -v curl >/dev/null 2>&1 || { echo 'lacks curl'; return 0; }
  if [ "$who" = credential ]; then
    find_credential "$registry"
    [ -n "$secret" ] || { echo "lacks credential"; return 0; }
  fi
  : >"$GA_TMP/tags"
  get_token || return 0
  first=$1
  for reference; do
    if manifest "$reference" && [ "$reference" = "$first" ]; then platforms "$reference"; fi
  done
  tags
}
look "$@"
