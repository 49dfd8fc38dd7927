#!/bin/sh
# Writes .env beside docker-compose.yml: which services run, and secrets made here, for there are no default ones.
# What is in it already stays as it is, so it can be run again after an upgrade that wants another secret.
# usage: sh init-env.sh [alone|cluster]
set -eu
umask 077

profile="${1:-alone}"
case "$profile" in
  alone | cluster) ;;
  *) echo "usage: init-env.sh [alone|cluster]" >&2; exit 1 ;;
esac
file="${KAIBO_ENV_FILE:-$(dirname "$0")/.env}"
touch "$file"

has() { grep -q "^$1=" "$file"; }
put() { has "$1" || printf '%s=%s\n' "$1" "$2" >> "$file"; }
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

put COMPOSE_PROFILES "$profile"
for name in KAIBO_SETUP_TOKEN POSTGRES_PASSWORD REDIS_PASSWORD S3_ACCESS_KEY S3_SECRET_KEY \
  TURN_SECRET SRS_API_PASSWORD SRS_HOOKS_SECRET GRAFANA_PASSWORD; do
  put "$name" "$(secret)"
done
# Where people reach this machine: the name that browsers are told for media, WebRTC and TURN, and the address of the page.
put KAIBO_PUBLIC_HOST "${KAIBO_PUBLIC_HOST:-localhost}"
put KAIBO_PUBLIC_URL "${KAIBO_PUBLIC_URL:-http://localhost:8088}"

echo "$file: made. The first account is the administrator's; its set-up token is KAIBO_SETUP_TOKEN."
