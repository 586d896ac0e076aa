#!/usr/bin/env bash
# Sample first-run hook with parameters: prepares an application's directories.
#
# Usage: my-on-first-run-2.sh [--initialize] [--create-dirs] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-on-first-run-2.sh [options]

Options:
  --initialize   print where a one-time set-up would happen
  --create-dirs  make /tmp/app-logs and /tmp/app-config
  -h, --help     show this text

Other parameters are printed and ignored.
TEXT
}

main() {
  local initialize=false create_dirs=false
  while (($# > 0)); do
    case $1 in
      --initialize) initialize=true ;;
      --create-dirs) create_dirs=true ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  printf 'stage-1 sample first run: initialize=%s create-dirs=%s\n' "$initialize" "$create_dirs"
  if "$initialize"; then printf 'a one-time set-up would happen here\n'; fi
  if "$create_dirs"; then
    mkdir -p /tmp/app-logs /tmp/app-config
    printf 'directories ready: /tmp/app-logs /tmp/app-config\n'
  fi
}

main "$@"
