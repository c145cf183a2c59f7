# What this host's docker client holds for one registry, found as the client finds it. Sourced by other
# programs; sets: config, config_state, source, user, secret (shell variables only, never exported).
# Source: docker/cli cli/config (auths, credsStore, credHelpers; DOCKER_CONFIG).

set +a  # a login may export names of ours, or all of them: a secret would stand in the environment of every child
unset config config_state size source user secret flattened pair answer found name helper registry

flat() { awk "$GA_JSON_AWK"; }

field() {  # PATH: value of that path in the flattened document on stdin
  awk -F '\t' -v path="$1" '$1 == path { print substr($0, length($1) + 2); exit }'
}

config_bytes() {  # within 5 s
  timeout 5 $GA_SUDO cat "$config" </dev/null 2>/dev/null
}

read_config() {
  config=${GA_CONFIG_DIR:-${DOCKER_CONFIG:-$HOME/.docker}}/config.json
  [ -n "$GA_SUDO" ] && config=$($GA_SUDO sh -c 'printf %s "${DOCKER_CONFIG:-$HOME/.docker}/config.json"' </dev/null 2>/dev/null)
  config_state=unreadable flattened=
  [ -n "$config" ] || return 0
  $GA_SUDO test -e "$config" </dev/null 2>/dev/null || { config_state=absent; return 0; }
  $GA_SUDO test -f "$config" </dev/null 2>/dev/null || return 0  # a pipe or device might never end
  config_bytes >/dev/null || return 0
  size=$(config_bytes | head -c 1048577 | wc -c)
  [ "$size" -le 1048576 ] || return 0
  flattened=$(config_bytes | flat)
  config_state=present
  case $flattened in *'!damaged'*) config_state=damaged ;; esac
}

entry() {  # FIELD: that field of the registry's entry in auths, under the names docker accepts
  for name in "$registry" "https://$registry" "https://$registry/v2/" "https://$registry/v1/" "http://$registry"; do
    found=$(printf '%s\n' "$flattened" | field "auths|$name|$1")
    [ -z "$found" ] || { printf '%s' "$found"; return 0; }
  done
}

decoded() {  # base64 on stdin
  base64 -d 2>/dev/null || openssl base64 -d -A 2>/dev/null
}

from_helper() {  # NAME: ask a credential helper
  source=helper:$1
  case $1 in *[!A-Za-z0-9._-]*) source=helper-name-invalid; return 0 ;; esac
  command -v "docker-credential-$1" >/dev/null 2>&1 || { source=helper-missing:$1; return 0; }
  answer=$(printf '%s' "$registry" | $GA_SUDO timeout 5 "docker-credential-$1" get 2>/dev/null) || {
    case $answer in *'not found'*) source=none ;; *) source=helper-failed:$1 ;; esac
    return 0
  }
  answer=$(printf '%s' "$answer" | flat)
  user=$(printf '%s\n' "$answer" | field Username)
  secret=$(printf '%s\n' "$answer" | field Secret)
}

from_auths() {
  pair=$(entry auth)
  if [ -n "$(entry identitytoken)" ]; then source=identitytoken; return 0; fi
  [ -n "$pair" ] || return 0
  source=auths
  pair=$(printf '%s' "$pair" | decoded)
  case $pair in *:*) user=${pair%%:*}; secret=${pair#*:} ;; *) source=auths-undecodable ;; esac
}

find_credential() {  # REGISTRY
  registry=$1 source=none user= secret=
  read_config
  [ "$config_state" != damaged ] || return 0  # docker reads none of it, and goes on without any credential
  helper=$(printf '%s\n' "$flattened" | field "credHelpers|$registry")
  [ -n "$helper" ] || helper=$(printf '%s\n' "$flattened" | field credsStore)
  if [ -n "$helper" ]; then from_helper "$helper"; else from_auths; fi
}

kind_of() {  # the kind of token, from its public prefix
  case $1 in
    '') printf 'empty\n' ;;
    github_pat_*) printf 'github_pat_\n' ;;
    gh[pousr]_*) printf '%.4s\n' "$1" ;;
    *) printf 'other\n' ;;
  esac
}
