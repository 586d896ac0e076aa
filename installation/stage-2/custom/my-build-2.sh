#!/usr/bin/env bash
# Sample build hook with parameters: prints how a desktop would be set up.
#
# Usage: my-build-2.sh [--enable-desktop] [--theme=light|dark|default] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-build-2.sh [options]

Options:
  --enable-desktop  print that a desktop would be installed
  --theme=NAME      light, dark or default (default: light)
  -h, --help        show this text

Other parameters are printed and ignored.
TEXT
}

die_usage() {
  printf 'my-build-2.sh: error: %s\n' "$1" >&2
  exit 2
}

main() {
  local desktop=false theme=light
  while (($# > 0)); do
    case $1 in
      --enable-desktop) desktop=true ;;
      --theme=*) theme=${1#*=} ;;
      --theme)
        (($# > 1)) || die_usage '--theme needs a value'
        theme=$2
        shift
        ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done
  case $theme in
    light | dark | default) ;;
    *) die_usage "unknown theme \`$theme\`, expected light, dark or default" ;;
  esac

  printf 'stage-2 sample build: enable-desktop=%s theme=%s\n' "$desktop" "$theme"
  if "$desktop"; then printf 'a desktop would be installed here\n'; fi
}

main "$@"
