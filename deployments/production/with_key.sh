#!/bin/sh
# Starts a server with the key of the Secret blocks, which Prefect takes from the environment alone. Thus the key is in
# the environment of that process, and neither in the database nor in what `docker inspect` shows.
set -eu
PREFECT_SERVER_ENCRYPTION_KEY=$(cat "${ENCRYPTION_KEY_FILE:-/run/secrets/encryption_key}")
[ -n "$PREFECT_SERVER_ENCRYPTION_KEY" ] || { echo "with_key: the encryption key is empty" >&2; exit 1; }
export PREFECT_SERVER_ENCRYPTION_KEY
exec "$@"
