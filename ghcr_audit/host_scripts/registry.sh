# What the registry answers to this host:
# https|http REGISTRY REPOSITORY TOKEN_HOST credential|anonymous REFERENCE...
# The first reference is the audited one: its platforms are read too. Answers as in registry/view.py.
# Credentials go to curl by its standard input (curl.sh), only to the registry or its token host, never over a redirect.

set +a  # a login may export names of ours, or all of them: a token would stand in the environment of curl
unset token basic user_pair challenge realm service digest media computed config_digest place variant \
  list page pages whole problem found link registry repository token_host who base first reference accept

accept='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

signed() {  # CURL-CONFIGURATION that authorises a request to the registry
  if [ -n "$token" ]; then printf 'header = "Authorization: Bearer %s"' "$(quoted "$token")"; else printf %s "$basic"; fi
}

allowed_realm() {  # URL: is it this registry's, or its configured token host's, over the right scheme
  case $1 in
    "$scheme://$registry"/*) return 0 ;;
    "$scheme://$token_host"/*) [ -n "$token_host" ] ;;
    *) return 1 ;;
  esac
}

get_token() {  # sets token, or basic where the registry wants that; fails where nothing further may be asked
  token='' basic='' user_pair=''
  ask "$base/v2/" ''
  if [ -n "$trouble" ]; then tell "challenge error $trouble"; return 1; fi
  if [ "$status" = 200 ]; then tell 'challenge 200'; return 0; fi
  tell "challenge $status $(reason)"
  [ "$who" = anonymous ] || user_pair="user = \"$(quoted "$user"):$(quoted "$secret")\""
  challenge=$(header WWW-Authenticate)
  case $status:$challenge in
    401:*[Bb][Ee][Aa][Rr][Ee][Rr]' '*) ;;
    401:[Bb][Aa][Ss][Ii][Cc]*) basic=$user_pair; [ -n "$basic" ]; return ;;
    *) return 1 ;;
  esac
  realm=$(printf '%s\n' "$challenge" | sed -n 's/.*[Rr]ealm="\([^"?]*\).*/\1/p')
  service=$(printf '%s\n' "$challenge" | sed -n 's/.*[Ss]ervice="\([A-Za-z0-9.:_/-]*\)".*/\1/p')
  allowed_realm "$realm" || { tell 'token - refused-realm'; return 1; }
  ask "$realm?${service:+service=$service&}scope=repository:$repository:pull" "$user_pair"
  if [ -n "$trouble" ]; then tell "token error $trouble"; return 1; fi
  if [ "$status" != 200 ]; then tell "token $status $(reason)"; return 1; fi
  flat <"$GA_TMP/body" >"$GA_TMP/token"
  token=$(field token <"$GA_TMP/token")
  [ -n "$token" ] || token=$(field access_token <"$GA_TMP/token")
  case $token in '' | *[!!-~]*) tell 'token error other'; return 1 ;; esac
  tell 'token 200'
}

manifest() {  # REFERENCE
  ask "$base/v2/$repository/manifests/$1" "$(signed)
header = \"Accept: $accept\""
  if [ -n "$trouble" ]; then tell "manifest $1 error $trouble"; return 1; fi
  if [ "$status" != 200 ]; then tell "manifest $1 $status - $(reason)"; return 1; fi
  flat <"$GA_TMP/body" >"$GA_TMP/manifest"
  if grep -q '^!damaged' "$GA_TMP/manifest" || [ ! -s "$GA_TMP/manifest" ]; then tell "manifest $1 error other"; return 1; fi
  digest=$(header Docker-Content-Digest)
  media=$(header Content-Type)
  computed=$(sha256sum <"$GA_TMP/body" 2>/dev/null)
  computed=${computed:+sha256:${computed%% *}}
  case ${computed:+$digest} in
    "$computed" | '') tell "manifest $1 200 ${digest:-${computed:--}} ${media%%;*}" ;;
    sha256:*) tell "manifest $1 error image_digest_mismatch"; return 1 ;;
    *) tell "manifest $1 200 $digest ${media%%;*}" ;;
  esac
}

platforms() {  # REFERENCE: of an index its entries, of one manifest its config's
  config_digest=$(field 'config|digest' <"$GA_TMP/manifest")
  case $config_digest in
    sha256:*[!0-9a-f]*) ;;
    sha256:*) config_platform "$1" "$config_digest" ;;
    *) awk -F '\t' -v tag="$1" '
         $1 ~ /^manifests\|[0-9]+\|platform\|/ { split($1, part, "|"); last = part[2]; value[last, part[4]] = $2 }
         END { for (n = 0; n <= last + 0; n++) { os = value[n, "os"]; arch = value[n, "architecture"]
           v = value[n, "variant"]; text = os "/" arch (v == "" ? "" : "/" v)
           if (os == "" || arch == "" || os == "unknown" || text in told) continue
           told[text] = 1; print "platform " tag " " text } }' <"$GA_TMP/manifest" ;;
  esac
}

config_platform() {  # REFERENCE DIGEST: a redirect to the blob store is followed once, without the credential
  ask "$base/v2/$repository/blobs/$2" "$(signed)"
  case $status in
    301 | 302 | 303 | 307 | 308)
      place=$(header Location)
      case $place in "$scheme"://*) ask "$place" '' ;; *) return 0 ;; esac ;;
  esac
  [ "$status" = 200 ] || return 0
  flat <"$GA_TMP/body" >"$GA_TMP/config"
  variant=$(field variant <"$GA_TMP/config")
  tell "platform $1 $(field os <"$GA_TMP/config")/$(field architecture <"$GA_TMP/config")${variant:+/$variant}"
}

tags() {  # all pages; only a list that was read to its end, with nothing left out, is complete
  list=/v2/$repository/tags/list
  page="$list?n=1000" pages=0 whole=complete
  while [ -n "$page" ]; do
    ask "$base$page" "$(signed)"
    [ -z "$trouble" ] || problem="error $trouble"
    [ -n "$trouble" ] || [ "$status" = 200 ] || problem="$status $(reason)"
    [ -n "$problem" ] || one_page
    pages=$((pages + 1))
    if [ -n "$problem" ] && [ "$pages" = 1 ]; then tell "tags $problem"; return 0; fi
    [ -z "$problem" ] && [ "$pages" -lt 20 ] || { [ -z "$page" ] || whole=partial; break; }
  done
  tell "tags 200 $whole"
  awk '!($0 in told) { told[$0] = 1; print }' "$GA_TMP/tags"
}

one_page() {  # keeps the page's tags; sets page to the next one's path, `problem` when this is no tag list
  flat <"$GA_TMP/body" >"$GA_TMP/page"
  found=$(awk -F '\t' '
    $1 == "!damaged" { odd = 1 }
    $1 == "tags" && ($2 == "null" || $2 == "[]") { list = 1 }
    $1 ~ /^tags\|/ { list = 1; if ($1 !~ /^tags\|[0-9]+$/ || $2 !~ /^[A-Za-z0-9_][A-Za-z0-9._-]*$/) left_out = 1 }
    END { print odd || !list ? "none" : left_out ? "partial" : "whole" }' "$GA_TMP/page")
  case $found in none) problem='error other'; return 0 ;; partial) whole=partial ;; esac
  awk -F '\t' '$1 ~ /^tags\|[0-9]+$/ { print "tag " $2 }' "$GA_TMP/page" >>"$GA_TMP/tags"
  link=$(header Link)
  page=$(printf '%s\n' "$link" | sed -n 's/^[^<]*<\([^>]*\)> *; *rel="\{0,1\}next.*/\1/p')
  page=${page#"$base"}
  case $page in "$list"'?'* | '') ;; *) page= whole=partial ;; esac
}

look() {
  scheme=$1 registry=$2 repository=$3 token_host=$4 who=$5 problem='' direct=''
  shift 5
  base=$scheme://$registry
  [ "$scheme" = https ] || direct='--noproxy *'  # plain http is for loopback alone: no proxy may see a credential
  set -f
  ulimit -f 10240  # 5 MiB: an older curl does not notice that an answer of unknown length is too long
  command -v curl >/dev/null 2>&1 || { tell 'lacks curl'; return 0; }
  if [ "$who" = credential ]; then
    find_credential "$registry"
    [ -n "$secret" ] || { tell "lacks credential"; return 0; }
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
