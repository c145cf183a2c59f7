# Prints what credential the docker client on this host has for a registry: never its value.
find_credential "$1"
printf 'config %s\nstate %s\nsource %s\n' "$config" "$config_state" "$source"
case $source in auths | helper:*) printf 'user %s\nkind %s\n' "$user" "$(kind_of "$secret")" ;; esac
