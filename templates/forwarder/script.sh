#!/usr/bin/env bash
# Stage-2 entry for `stage-1/system/{{ path }}`: hands it every argument and returns its status.
# Env: PEI_STAGE_DIR_1. May be executed or sourced; a shell that sources it keeps its options and arguments.

if [[ -z ${PEI_STAGE_DIR_1:-} ]]; then
  printf '%s: error: PEI_STAGE_DIR_1 is not set, so the stage-1 script cannot be found\n' '{{ name }}' >&2
  # shellcheck disable=SC2317 # `return` fails, and `exit` is reached, where the file is executed
  return 2 2>/dev/null || exit 2
fi

(
  # Holds when the file is sourced without arguments. Bash then shows it those of the shell around it, but notes the
  # file's name in BASH_ARGV as if it were an argument, above the shell's own frame (which functions may not see).
  sourced_without_arguments() {
    local IFS=' '
    [[ ${BASH_ARGC[0]-}:${BASH_ARGV[0]-} == "1:${BASH_SOURCE[1]}" ]] || return 1
    ((${#BASH_ARGC[@]} > 1)) || [[ ! ${FUNCNAME[*]:1} =~ ^((source|main)\ ?)*$ ]]
  }
  if sourced_without_arguments; then set --; fi
  exec bash "$PEI_STAGE_DIR_1/system/{{ path }}" "$@"
)
