#!/bin/sh
# Makes deploy/.env beside this script from .env.example, with random secrets. Never overwrites one.
set -eu
cd "$(dirname "$0")"
if [ -e .env ]; then
  echo "deploy/.env is there already: its secrets are kept" >&2
  exit 0
fi
umask 077
draft=$(mktemp .env.XXXXXX)
trap 'rm -f "$draft"' EXIT
while IFS= read -r line; do
  case $line in
    \#* | '' | *=?*) printf '%s\n' "$line" ;;
    *) printf '%s%s\n' "$line" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" ;;
  esac
done <.env.example >"$draft"
mv "$draft" .env
trap - EXIT
echo "wrote deploy/.env with new secrets: back it up" >&2
