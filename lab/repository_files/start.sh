#!/bin/sh
# Starts observer. /health is a file written here: busybox httpd needs no program for it, and a file cannot
# be healthy before the port is open. `exec` keeps the server process 1.
if [ -n "${LAB_CRASH:-}" ]; then
    echo "fatal: cannot start" >&2
    exit 3
fi
rm -f /www/health
if [ -z "${LAB_SICK:-}" ]; then
    printf '{"status":"ok","version":"%s"}\n' "$APP_VERSION" > /www/health
fi
echo "observer $APP_VERSION listens on 127.0.0.1:$HEALTH_PORT"
exec httpd -f -p "127.0.0.1:$HEALTH_PORT" -h /www
