#!/usr/bin/env bash
# Sample first-run hook with parameters: prepares a workspace.
#
# Usage: my-on-first-run-2.sh [--setup-workspace] [--clone-repos] [-h]

set -Eeuo pipefail

usage() {
  cat <<'TEXT'
Usage: my-on-first-run-2.sh [options]

Options:
  --setup-workspace  make /tmp/workspace with the directories projects, tools and docs
  --clone-repos      print where repositories would be cloned
  -h, --help         show this text

Other parameters are printed and ignored.
TEXT
}

main() {
  local setup=false clone=false
  while (($# > 0)); do
    case $1 in
      --setup-workspace) setup=true ;;
      --clone-repos) clone=true ;;
      -h | --help) usage && return ;;
      *) printf 'unknown parameter: %s\n' "$1" ;;
    esac
    shift
  done

  printf 'stage-2 sample first run: setup-workspace=%s clone-repos=%s\n' "$setup" "$clone"
  if "$setup"; then
    mkdir -p /tmp/workspace/{projects,tools,docs}
    printf 'directories ready: /tmp/workspace/{projects,tools,docs}\n'
  fi
  if "$clone"; then printf 'repositories would be cloned here\n'; fi
}

main "$@"
