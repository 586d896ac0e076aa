#!/usr/bin/env bash
# Sample start hook with a parameter: prints the container's vital signs.
#
# Usage: my-on-every-run-2.sh [--check-health] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-on-every-run-2.sh [options]

Options:
  --check-health  print processors, load and disk use
  -h, --help      show this text

Other parameters are printed and ignored.
TEXT
}

show_health() {
  local load
  read -r load _ </proc/loadavg
  printf 'processors: %s\n' "$(nproc)"
  printf 'load: %s\n' "$load"
  printf 'disk in use: %s\n' "$(df --output=pcent / | tail -n 1 | tr -d ' ')"
}

main() {
  local check_health=false
  while (($# > 0)); do
    case $1 in
      --check-health) check_health=true ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  printf 'stage-1 sample start: check-health=%s\n' "$check_health"
  if "$check_health"; then show_health; fi
}

main "$@"
