#!/bin/sh
# `kaibo COMMAND` as the service runs it: as its user, with its configuration. Installed as /usr/local/bin/kaibo.
set -eu
if [ "$(id -u)" = 0 ] && id kaibo > /dev/null 2>&1; then exec runuser -u kaibo -- "$0" "$@"; fi
set -a
if [ -r /etc/kaibo/environment ]; then . /etc/kaibo/environment; fi
if [ -r /etc/kaibo/kaibo.yaml ]; then KAIBO_CONFIG=/etc/kaibo/kaibo.yaml; fi
KAIBO_DATA_DIR=/var/lib/kaibo
set +a
exec /opt/kaibo/node_modules/.bin/node /opt/kaibo/packages/server/bin/kaibo.mjs "$@"
