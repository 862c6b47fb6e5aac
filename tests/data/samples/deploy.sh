#!/usr/bin/env bash
set -euo pipefail

readonly TARGET="/srv/app"
RETRIES=3

# Says what is happening.
log() {
  printf '%s\n' "$*" >&2
}

function build {
  local out="$1"
  make -C "$out"
}

main() {
  log "building"
  build "$TARGET"
}

main "$@"
