# Puts a host back as a drill's journal says it was. Follows drill.sh, needs compose.sh; the caller adds
# `restore CONTAINER RUN DOCKER...`.
# Works from the journal alone, again and again with the same end. Exit code 1: not all of it could be done.
unset failed wanted id project service directory image image_id status config_hash variable files deed source lost

restore() {  # CONTAINER RUN DOCKER...
  place_of "$1" "$2"; shift 2
  locked guard restoring || exit 75
  exec 8>"$place/restoring"
  flock -w 120 8 || refuse 'somebody else restores this host'
  locked guard restoring || exit 75
  failed= lost=
  engine_answers 60 "$@" || exit 1
  read_wanted
  files_back
  container_back "$@"
  tags_back "$@"
  state_back
  sidecars_back "$@"
  lost_images_back "$@"
  digests_back "$@"
  [ -z "$failed" ]
}

trouble() {
  printf '%s\n' "$1" >&2
  failed=1
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

files_back() {  # what the deployment reads: .env and its like as they were, or not there
  journal_lines absent | {
    while read -r name; do
      [ ! -f "$name" ] || [ -L "$name" ] || take_away file "$name"
    done
    [ -z "$failed" ]
  } || failed=1
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

take_away() {  # WHAT PATH: what was not there before is moved to the saved logs
  mkdir -p "$HOME/.local/state/ghcr-audit/logs"
  if mv "$2" "$HOME/.local/state/ghcr-audit/logs/$container-$run-${2##*/}"; then
    echo "$1 that was not there before taken away: $2"
  else trouble "$2 cannot be taken away"; fi
}

lies_here() {  # NAME-OR-ID DOCKER...
  id=$1; shift
  "$@" image inspect "$id" >/dev/null 2>&1
}

image_back() {  # ID DOCKER...: it lies here; where it was pruned, pins and all, it is pulled again by its digest
  wanted=$1; shift
  ! lies_here "$wanted" "$@" || return 0
  source=$(journal_lines source | while read -r id name; do [ "$id" != "$wanted" ] || { echo "$name"; break; }; done)
  [ -n "$source" ] && "$@" pull "$source" >/dev/null </dev/null 8>&- && lies_here "$wanted" "$@" || return 1
  echo "image was gone, pulled again: $source"
  id=$(pinned "$wanted")
  [ -z "$id" ] || "$@" tag "$wanted" "$id"
}

stands() {  # ID NAME DOCKER...
  wanted=$1 name=$2; shift 2
  [ "$("$@" image inspect --format '{{.Id}}' "$name" 2>/dev/null)" = "$wanted" ]
}

tag_back() {  # ID NAME DOCKER...: the name stands on the image, which lies here
  ! stands "$@" || return 0
  wanted=$1 name=$2; shift 2
  if "$@" tag "$(pin_for "$wanted" "$@")" "$name"; then echo "tag put back: $name"
  else trouble "$name cannot be put back on $wanted"; return 1; fi
}

lost_images_back() {  # DOCKER...: last of all, since this may take long: names of images that are no longer here
  [ -n "$lost" ] || return 0
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" = tag ] || continue
    if image_back "${value%% *}" "$@"; then tag_back "${value%% *}" "${value#* }" "$@"
    else trouble "the image of ${value#* } is gone, and cannot be pulled again"; fi
  done <"$place/journal"
}

digests_back() {  # DOCKER...: the classic store forgets an image's digest with its last name of that repository
  journal_lines source | while read -r id source; do
    [ "${source##*@}" != "$id" ] && lies_here "$id" "$@" || continue
    "$@" image inspect --format '{{join .RepoDigests " "}} ' "$id" | grep -qF -e "$source " && continue
    if "$@" pull "$source" >/dev/null </dev/null 8>&-; then echo "digest was gone, pulled again: $source"
    else echo "$source: the image is here, and its digest cannot be had again" >&2; exit 1; fi
  done || failed=1
}

tags_back() {  # DOCKER...: local names of images; those that appeared for an image of this drill go
  while read -r key value; do
    [ "$key" != json ] || break
    [ "$key" = tag ] && ! stands "${value%% *}" "${value#* }" "$@" || continue
    if lies_here "${value%% *}" "$@"; then tag_back "${value%% *}" "${value#* }" "$@"; else lost=1; fi
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
  if as_before "$@"; then echo "container $container is as it was"; else composed_back "$@" || return 1; fi
  set_aside_away "$@"
}

set_aside_away() {  # DOCKER...: what compose left when it was interrupted: TWELVE-DIGITS_CONTAINER, which does not run
  "$@" ps --all --format '{{.Names}}' --filter label=com.docker.compose.oneoff=False \
    --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service" | while read -r name; do
    case $name in ????????????_"$container") ;; *) continue ;; esac
    if "$@" rm "$name" >/dev/null </dev/null; then echo "container that compose had left removed: $name"
    else echo "$name, which compose had left, cannot be removed" >&2; exit 1; fi
  done || failed=1
}

composed_back() {  # DOCKER...
  cd "$directory" || { trouble "$directory is gone"; return 1; }
  if ! image_stands "$@"; then
    trouble "image $image ($image_id) is gone and cannot be pulled again: what runs is left alone"
    return 1
  fi
  if ! compose_up "$@" || ! set_up_alike "$@"; then
    composed 'config --quiet' "$@" || { trouble 'compose cannot read its files: what runs is left alone'; return 1; }
    echo "compose could not bring it back; its leftovers are removed, and it is tried once more" >&2
    leftovers_away "$@"
    compose_up "$@" || trouble "compose cannot bring $container back"
  fi
  case $status in
    exited | created) "$@" stop "$container" >/dev/null || trouble "$container cannot be stopped, as it was" ;;
    paused) "$@" pause "$container" >/dev/null || trouble "$container cannot be paused, as it was" ;;
  esac
}

image_stands() {  # DOCKER...: the service's image is here under the name that compose starts it by, for now at least
  image_back "$image_id" "$@" || return 1
  case $image in *@*) ;; *) tag_back "$image_id" "$image" "$@" ;; esac
}

leftovers_away() {  # DOCKER...: what has the service's place or name; `docker compose run` made what is one-off
  for id in $("$@" ps --all --quiet --filter label=com.docker.compose.oneoff=False \
    --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service") "$container"; do
    "$@" rm --force "$id" >/dev/null 2>&1
  done
}

set_up_alike() {  # DOCKER...: all but its state is as it was
  id=$("$@" inspect --format \
    '{{.Image}} {{.Config.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}}' "$container" 2>/dev/null)
  [ "$id" = "$image_id $image $config_hash" ]
}

compose_up() {  # DOCKER...
  echo "container $container: compose up with $variable"
  composed 'up --detach --no-deps --no-build --pull never' "$@"
}

composed() {  # WORDS DOCKER...: compose as it made the service, with the tag of before; WORDS are split at blanks
  deed=$1; shift
  set -- "$@" compose --project-name "$project" --project-directory "$directory"
  while read -r key value; do
    case $key in json) break ;; compose_file) set -- "$@" --file "$value" ;; esac
  done <"$place/journal"
  # shellcheck disable=SC2086
  tagged "$variable" "$@" $deed "$service" 8>&-
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
    take_away state "$name"
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
