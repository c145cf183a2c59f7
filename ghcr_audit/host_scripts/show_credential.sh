# Prints what credential the docker client on this host has for a registry: never its value.
elsewhere() {  # where else this login has an entry for the registry: another program's config, or one that sudo leaves behind
  for name in "$HOME/.docker/config.json" "${DOCKER_CONFIG:-$HOME/.docker}/config.json"; do
    [ "$name" != "$config" ] && [ -f "$name" ] && [ -r "$name" ] || continue
    [ "$(wc -c <"$name")" -le 1048576 ] && flattened=$(flat <"$name") && [ -n "$(entry auth)" ] || continue
    printf 'elsewhere %s\n' "$name"
    return 0
  done
}

find_credential "$1"
printf 'config %s\nstate %s\nsource %s\n' "$config" "$config_state" "$source"
case $source in none) elsewhere ;; esac
case $source in auths | helper:*) printf 'user %s\nkind %s\n' "$user" "$(kind_of "$secret")" ;; esac
