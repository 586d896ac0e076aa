#!/usr/bin/env bash
# Sample that shows how the words of a hook entry arrive: script name, each argument, their number, and the message.
#
# Usage: test-params-echo.bash [--message=TEXT] [--verbose] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: test-params-echo.bash [options]

Options:
  --message=TEXT  text to print as the last line
  --verbose       also print the working directory and the user
  -h, --help      show this text

Other parameters are printed and ignored.
TEXT
}

main() {
  local message='' verbose=false arg number=0
  printf 'script: %s\n' "${BASH_SOURCE[0]}"
  for arg in "$@"; do
    number=$((number + 1))
    printf 'argument %d: %s\n' "$number" "$arg"
  done
  printf 'count: %d\n' "$#"

  while (($# > 0)); do
    case $1 in
      --message=*) message=${1#*=} ;;
      --message)
        if (($# < 2)); then
          printf 'test-params-echo.bash: error: --message needs a value\n' >&2
          exit 2
        fi
        message=$2
        shift
        ;;
      --verbose) verbose=true ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  if "$verbose"; then printf 'in %s as %s\n' "$PWD" "$(id -un)"; fi
  printf '%s\n' "$message"
}

main "$@"
