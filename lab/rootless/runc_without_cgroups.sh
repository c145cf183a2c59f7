#!/bin/sh
# The lab's container runtime without root: runc, which leaves a container in its caller's control group when none is
# asked for. The engine always asks for one, and an ordinary user may make none. (The engine's own setting for users
# without root does the same, but from release 28 on wants RootlessKit's socket.)
set -eu
follows=
for word in "$@"; do
    if [ "$follows" = bundle ]; then
        sed -i 's#"cgroupsPath":"[^"]*",\{0,1\}##' "$word/config.json"
    fi
    case $word in --bundle) follows=bundle ;; *) follows= ;; esac
done
exec runc "$@"
