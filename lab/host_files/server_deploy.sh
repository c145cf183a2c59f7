#!/bin/sh
# Deploys one release of observer on this server, or goes back to the one before.
#
#   server_deploy.sh DEPLOY_DIR COMPOSE_FILE IMAGE_TAG deploy|rollback
#
# DEPLOY_DIR    holds COMPOSE_FILE, `.env` (LAB_REGISTRY, HEALTH_PORT) and runtime/
# IMAGE_TAG     deploy: the release to start; rollback: the release to get away from
# HEALTH_TRIES  (environment) how often to ask for health, five times a second; default 50
#
# State: runtime/state/last_good_tag      the newest release seen healthy
#        runtime/state/previous_good_tag  the one before: where a rollback from last_good_tag goes
#
# This script is also the lab's patient. Each word in runtime/flaws (one per line) brings back a flaw that
# really was deployed; without that file the script behaves.
#
#   overwrite-last-good  last_good_tag becomes the tag being deployed before anyone knows whether it is
#                        healthy, and rollback goes there: it redeploys the same release (incident 10)
#   ignore-pull-error    a refused pull is a warning; the old container is restarted, is healthy, and the
#                        script reports success and exits 0 (incident 2)
#   stale-tar            an older version of the script: it takes the tag for the name of an image archive,
#                        does not find one, warns, and starts the local image obs_deploy-observer:latest
#                        (incidents 2 and 3)
#   rollback-pulls       rollback pulls although the image lies here: with a refused credential there is no
#                        way back (incident 11)
#   lose-mounts          the container is started from a copy of the compose file without its volume
#                        (incident 12)
#   recreate-sidecars    all containers are made anew, not the service's alone
#   hang                 deploy does nothing for a minute before it starts the release
#   hang-rollback        so does rollback
#   leave-child          a process in a session of its own outlives the script and restarts the container two
#                        minutes later
set -eu

LOCAL_IMAGE=obs_deploy-observer:latest

fail() {
    echo "error: $*" >&2
    exit 1
}

warn() {
    echo "warning: $*" >&2
}

flawed() {
    [ -f runtime/flaws ] && grep -qx "$1" runtime/flaws
}

compose() {
    IMAGE_TAG=$image_tag docker compose --project-directory . -f "$compose_file" "$@"
}

ask_health() {
    if command -v curl >/dev/null; then
        curl -fsS -m 2 -o /dev/null "http://localhost:$HEALTH_PORT/health" 2>/dev/null
    else
        wget -q -T 2 -O /dev/null "http://localhost:$HEALTH_PORT/health" 2>/dev/null
    fi
}

wait_for_health() {
    tries=${HEALTH_TRIES:-50}
    while [ "$tries" -gt 0 ]; do
        if ask_health; then
            return 0
        fi
        tries=$((tries - 1))
        sleep 0.2
    done
    return 1
}

read_state() {
    cat "runtime/state/$1" 2>/dev/null || true
}

write_state() {
    mkdir -p runtime/state
    echo "$2" > "runtime/state/$1.new"
    mv "runtime/state/$1.new" "runtime/state/$1"
}

# A rollback takes what lies here; everything else asks the registry.
fetch() {
    if [ "$action" = rollback ] && ! flawed rollback-pulls && docker image inspect "$image" >/dev/null 2>&1; then
        echo "== image is here: $image"
        return 0
    fi
    echo "== docker pull $image"
    docker pull "$image"
}

# What the old version of this script did on the server; a second compose file puts the local image in.
start_local_image() {
    warn "image archive not found: $image_tag: starting the local image"
    docker image inspect "$LOCAL_IMAGE" >/dev/null 2>&1 ||
        docker tag "$(docker inspect --format '{{.Image}}' observer)" "$LOCAL_IMAGE"
    printf 'services: {observer: {image: "%s"}}\n' "$LOCAL_IMAGE" > runtime/local_image.yml
    compose -f runtime/local_image.yml up -d
}

# Whoever starts the service from elsewhere has no folder to bind.
lose_mounts() {
    sed '/^    volumes:$/{N;d;}' "$compose_file" > runtime/without_mounts.yml
    compose_file=runtime/without_mounts.yml
}

up() {
    if flawed lose-mounts; then
        lose_mounts
    fi
    if flawed recreate-sidecars; then
        compose up -d --force-recreate
    else
        compose up -d
    fi
}

leave_child() {
    setsid sh -c 'sleep 120; docker restart observer' </dev/null >/dev/null 2>&1 &
}

start() {
    if flawed leave-child; then
        leave_child
    fi
    if flawed stale-tar; then
        start_local_image
    elif fetch; then
        up
    elif flawed ignore-pull-error; then
        warn "pull failed: $image: restarting what is there"
        docker restart observer
    else
        fail "pull failed: $image"
    fi
}

remember_healthy() {
    last=$(read_state last_good_tag)
    if [ -n "$last" ] && [ "$last" != "$image_tag" ]; then
        write_state previous_good_tag "$last"
    fi
    write_state last_good_tag "$image_tag"
}

deploy() {
    if flawed overwrite-last-good; then
        write_state last_good_tag "$image_tag"
    fi
    if flawed hang; then
        sleep 60
    fi
    start
    wait_for_health || fail "not healthy: $image_tag"
    if ! flawed overwrite-last-good; then
        remember_healthy
    fi
    echo "== deployed: $image_tag"
}

# From the last good release to the one before it; from anything else to the last good one.
rollback_target() {
    last=$(read_state last_good_tag)
    if [ "$last" = "$image_tag" ] && ! flawed overwrite-last-good; then
        read_state previous_good_tag
    else
        echo "$last"
    fi
}

rollback() {
    from=$image_tag
    image_tag=$(rollback_target)
    [ -n "$image_tag" ] || fail "no release to go back to from $from"
    image=$repository:$image_tag
    echo "== rollback from $from to $image_tag"
    if flawed hang-rollback; then
        sleep 60
    fi
    start
    wait_for_health || fail "not healthy: $image_tag"
    write_state last_good_tag "$image_tag"
    if [ "$(read_state previous_good_tag)" = "$image_tag" ]; then
        rm -f runtime/state/previous_good_tag
    fi
    echo "== rolled back: $image_tag"
}

if [ $# -ne 4 ]; then
    fail "usage: server_deploy.sh DEPLOY_DIR COMPOSE_FILE IMAGE_TAG deploy|rollback"
fi
deploy_dir=$1
compose_file=$2
image_tag=$3
action=$4

[ -d "$deploy_dir" ] || fail "deploy directory not found: $deploy_dir"
cd "$deploy_dir"
[ -f "$compose_file" ] || fail "compose file not found: $compose_file"
# shellcheck source=/dev/null
. ./.env
repository=$LAB_REGISTRY/acme/observer
image=$repository:$image_tag

case $action in
    deploy) deploy ;;
    rollback) rollback ;;
    *) fail "unknown action: $action (expected deploy or rollback)" ;;
esac
