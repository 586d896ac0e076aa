#!/usr/bin/env bash
# Sample build hook with parameters: prints its settings and, when asked, what the build machine offers.
#
# Usage: my-build-2.sh [--verbose] [--config=PATH] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-build-2.sh [options]

Options:
  --config=PATH  a path to print as the configuration in use
  --verbose      also print memory and disk space
  -h, --help     show this text

Other parameters are printed and ignored.
TEXT
}

show_resources() {
  printf 'memory:\n'
  grep -E '^(MemTotal|MemAvailable):' /proc/meminfo
  printf 'disk:\n'
  df -h /
}

main() {
  local verbose=false config='(none)'
  while (($# > 0)); do
    case $1 in
      --verbose) verbose=true ;;
      --config=*) config=${1#*=} ;;
      --config)
        if (($# < 2)); then
          printf 'my-build-2.sh: error: --config needs a value\n' >&2
          exit 2
        fi
        config=$2
        shift
        ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  printf 'stage-1 sample build: verbose=%s config=%s\n' "$verbose" "$config"
  if "$verbose"; then show_resources; fi
}

main "$@"
