#!/usr/bin/env bash
# Sample start hook with parameters: reports the start and can keep a record of it.
#
# Usage: my-on-every-run-2.sh [--update-status] [--log-startup] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-on-every-run-2.sh [options]

Options:
  --update-status  print that the container is up
  --log-startup    append two lines about this start to /tmp/startup.log
  -h, --help       show this text

Other parameters are printed and ignored.
TEXT
}

main() {
  local status=false log=false
  while (($# > 0)); do
    case $1 in
      --update-status) status=true ;;
      --log-startup) log=true ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  printf 'stage-2 sample start: update-status=%s log-startup=%s\n' "$status" "$log"
  if "$status"; then printf 'status: up since %s\n' "$(date -u +%FT%TZ)"; fi
  if "$log"; then
    printf '%s container started\nhost name %s\n' "$(date -u +%FT%TZ)" "$(uname -n)" >>/tmp/startup.log
  fi
}

main "$@"
