# Puts a host back as a drill's journal says it was. Follows drill.sh, needs compose.sh; the caller adds `restore CONTAINER RUN DOCKER...`.
# Works from the journal alone, again and again with the same end. Exit code 1: not all of it could be done.
unset failed wanted id project service directory image image_id status config_hash variable files

restore() {  # CONTAINER RUN DOCKER...
  place_of "$1" "$2"; shift 2
  locked guard restoring || exit 75
  exec 8>"$place/restoring"
  flock -w 120 8 || refuse 'somebody else restores this host'
  locked guard restoring || exit 75
  failed=
  engine_back "$@" || exit 1
  read_wanted
  files_back
  tags_back "$@"
  container_back "$@"
  state_back
  sidecars_back "$@"
  [ -z "$failed" ]
}

trouble() {
  printf '%s\n' "$1" >&2
  failed=1
}

engine_back() {  # DOCKER...: within a minute
  now; until=$((T + 6000))
  until "$@" version >/dev/null 2>&1; do
    now
    [ "$T" -lt "$until" ] || { trouble 'the engine does not answer'; return 1; }
    sleep 0.5 2>/dev/null || sleep 1
  done
}

read_wanted() {
  while read -r key value; do
    case $key in
      json) break ;;
      project) project=$value ;;
      service) service=$value ;;
      directory) directory=$value ;;
      image) image=$value ;;
      image_id) image_id=$value ;;
      status) status=$value ;;
      config_hash) config_hash=$value ;;
      variable) variable=$value ;;
    esac
  done <"$place/journal"
}

files_back() {  # what the deployment reads
  count=0
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" = keep ] || continue
    count=$((count + 1)) wanted=${value%% *} name=${value#* }
    [ "$(sum_of "$name")" != "$wanted" ] || continue
    if [ -L "$name" ] || [ "$(sum_of "$place/kept/$count")" != "$wanted" ]; then
      trouble "$name has changed, and what was kept of it is gone, or it is a symbolic link now"
    elif cat "$place/kept/$count" >"$name"; then
      echo "file put back: $name"
    else
      trouble "$name cannot be written to"
    fi
  done <"$place/journal"
}

tags_back() {  # DOCKER...: local names of images; those that appeared for an image of this drill go
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" = tag ] || continue
    wanted=${value%% *} name=${value#* }
    id=$("$@" image inspect --format '{{.Id}}' "$name" 2>/dev/null)
    [ "$id" != "$wanted" ] || continue
    if "$@" tag "$(pin_for "$wanted" "$@")" "$name"; then echo "tag put back: $name"
    else trouble "$name cannot be put back on $wanted"; fi
  done <"$place/journal"
  "$@" image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | while read -r name id; do
    case $name in ghcr-audit/pin:* | *'<none>'*) continue ;; esac
    [ -n "$(pinned "$id")" ] && ! known_tag "$name" || continue
    if "$@" image rm --no-prune "$name" >/dev/null; then echo "tag that was not there before removed: $name"
    else echo "$name, which was not there before, cannot be removed" >&2; exit 1; fi
  done || failed=1
}

pinned() {  # ID: the first pin of this image
  journal_lines pin | while read -r value name; do
    [ "$value" != "$1" ] || { printf '%s' "$name"; break; }
  done
}

pin_for() {  # ID DOCKER...: a pin that stands, else the id itself
  id=$1 value=$(pinned "$1"); shift
  if [ -n "$value" ] && "$@" image inspect "$value" >/dev/null 2>&1; then printf '%s' "$value"
  else printf '%s' "$id"; fi
}

known_tag() {  # NAME: it stood before
  journal_lines tag | while read -r _ value; do
    [ "$value" != "$1" ] || { echo yes; break; }
  done | grep -q yes
}

as_before() {  # DOCKER...: the container is the service, of the same image, set up alike, in the same state
  id=$("$@" inspect --format \
    '{{.Image}} {{.Config.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}} {{.State.Status}}' \
    "$container" 2>/dev/null)
  [ "$id" = "$image_id $image $config_hash $status" ]
}

container_back() {  # DOCKER...: by compose, as its labels say it was made
  if as_before "$@"; then echo "container $container is as it was"; return 0; fi
  cd "$directory" || { trouble "$directory is gone"; return 1; }
  if ! compose_up "$@" || ! set_up_alike "$@"; then
    echo "compose could not bring it back; its leftovers are removed, and it is tried once more" >&2
    for id in $("$@" ps --all --quiet --filter "label=com.docker.compose.project=$project" \
      --filter "label=com.docker.compose.service=$service") "$container"; do
      "$@" rm --force "$id" >/dev/null 2>&1
    done
    compose_up "$@" || trouble "compose cannot bring $container back"
  fi
  case $status in
    exited | created) "$@" stop "$container" >/dev/null || trouble "$container cannot be stopped, as it was" ;;
    paused) "$@" pause "$container" >/dev/null || trouble "$container cannot be paused, as it was" ;;
  esac
}

set_up_alike() {  # DOCKER...: all but its state is as it was
  id=$("$@" inspect --format \
    '{{.Image}} {{.Config.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}}' "$container" 2>/dev/null)
  [ "$id" = "$image_id $image $config_hash" ]
}

compose_up() {  # DOCKER...
  set -- "$@" compose --project-name "$project" --project-directory "$directory"
  while read -r key value; do
    case $key in json) break ;; compose_file) set -- "$@" --file "$value" ;; esac
  done <"$place/journal"
  echo "container $container: compose up with $variable"
  tagged "$variable" "$@" up --detach --no-deps --no-build --pull never "$service" 8>&-
}

state_back() {  # last_good_tag and its neighbours; what was not there before is moved to the saved logs
  directory=$(journal_lines state_directory)
  [ -n "$directory" ] || return 0
  journal_lines state | while read -r newline name value; do
    [ ! -L "$directory/$name" ] || { echo "$directory/$name is a symbolic link now" >&2; exit 1; }
    if [ "$newline" = 1 ]; then wanted=$(printf '%s\n.' "$value"); else wanted=$value.; fi
    [ "$(cat "$directory/$name" 2>/dev/null; echo .)" != "$wanted" ] || continue
    mkdir -p "$directory" && printf '%s' "${wanted%.}" >"$directory/$name" ||
      { echo "$directory/$name cannot be written to" >&2; exit 1; }
    echo "state put back: $directory/$name"
  done || failed=1
  for name in "$directory"/*; do
    [ -f "$name" ] && [ ! -L "$name" ] && ! known_state "${name##*/}" || continue
    if mv "$name" "$HOME/.local/state/ghcr-audit/logs/$container-$run-${name##*/}"; then
      echo "state that was not there before taken away: $name"
    else trouble "$name cannot be taken away"; fi
  done
}

known_state() {  # NAME
  { journal_lines state | cut -d ' ' -f 2; journal_lines state_other; } | grep -qxF -e "$1"
}

sidecars_back() {  # DOCKER...: one that was stopped is started again; one that was replaced stays replaced
  journal_lines sidecar | {
    while read -r id value name; do
      [ "$value" = running ] || continue
      case $("$@" inspect --type container --format '{{.State.Running}}' "$id" 2>/dev/null) in
        true) ;;
        '') echo "sidecar replaced, which cannot be undone: $name" ;;
        *)
          if "$@" start "$id" >/dev/null; then echo "sidecar started again: $name"
          else echo "sidecar $name does not start" >&2; failed=1; fi
          ;;
      esac
    done
    [ -z "$failed" ]
  } || failed=1
}
