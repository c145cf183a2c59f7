# What GitHub's API says of the stored credential, never its value: API REGISTRY OWNER/NAME. Answers as in token_facts.py.
# Only a token whose public prefix says that GitHub made it is sent, to API alone, which the target names.

set +a  # a login may export names of ours, or all of them: a token would stand in the environment of curl
unset api owner name kind signed end place

said() {  # NAME: that header of the last answer, `-` where it is there and empty; fails where it is not there
  tr -d '\r' <"$GA_TMP/head" | grep -qi "^$1:" || return 1
  printf '%s' "$(header "$1")" | tr -cd 'A-Za-z0-9 ,:;=_+-' | head -c 400 | grep . || echo -
}

get() {  # NAME PATH: asks GitHub, tells how it answered
  ask "$api/$2" "$signed
header = \"Accept: application/vnd.github+json\"
user-agent = \"ghcr-audit\""
  if [ -n "$trouble" ]; then tell "$1 error $trouble"; return 1; fi
  tell "$1 $status $(reason)"
  case $(header X-GitHub-SSO) in required*) tell 'sso required' ;; esac
}

user() {  # who the token is, what it may, until when
  get user user || return 1
  for name in X-OAuth-Scopes GitHub-Authentication-Token-Expiration; do
    if place=$(said "$name"); then tell "$name $place"; fi
  done
  place=$(flat <"$GA_TMP/body" | field login)
  case $place in '' | *[!A-Za-z0-9-]*) ;; *) tell "login $place" ;; esac
  [ "$status" != 401 ]
}

package() {  # of an organisation; where there is none of that name, of a user
  end=$(printf '%s' "${1#*/}" | sed 's|/|%2F|g')
  get package "orgs/${1%%/*}/packages/container/$end" || return 0
  [ "$status" != 404 ] || get package "users/${1%%/*}/packages/container/$end"
}

look_up() {
  api=$1 owner=$3 limit_s=4 direct=''
  scheme=${api%%:*}
  [ "$scheme" = https ] || direct='--noproxy *'  # plain http is for loopback alone: no proxy may see a credential
  set -f
  ulimit -f 10240
  find_credential "$2"
  kind=$(kind_of "$secret")
  case $kind in github_pat_ | gh?_) ;; *) tell "not-asked $kind"; return 0 ;; esac
  tell "kind $kind"
  tell "checksum $(printf '%s\n' "$secret" | awk "$GA_CHECKSUM_AWK")"
  command -v curl >/dev/null 2>&1 || { tell 'user error other'; return 0; }
  signed="header = \"Authorization: Bearer $(quoted "$secret")\""
  user && package "$owner"
  return 0
}
look_up "$@"
