#!/bin/sh
# Makes a backup beside the older ones, reads it back, and only then removes those of more than KEEP_DAYS.
# usage: kaibo-backup.sh /opt/kaibo, with BACKUP_FOLDER naming the folder
set -eu
home="${1:?usage: kaibo-backup.sh FOLDER_OF_KAIBO}"
folder="${BACKUP_FOLDER:?is not set}/$(date -u +%Y-%m-%dT%H%M%S)"

kaibo() { "$home/node_modules/.bin/node" "$home/packages/server/bin/kaibo.mjs" "$@"; }
kaibo backup create "$folder"
kaibo backup check "$folder"
# Only what this made: folders named by a time.
find "$BACKUP_FOLDER" -mindepth 1 -maxdepth 1 -type d -name '20??-??-??T??????' -mtime "+${KEEP_DAYS:-14}" -exec rm -r {} +
