#!/usr/bin/env bash
# Stage-2 entry for `stage-1/system/conda/activate-conda-on-login.sh`. Sourced, it lets that file work on the current
# shell; executed, it runs it in a child.
# Env: PEI_STAGE_DIR_1. A shell that sources it keeps its options and arguments.

if [[ -z ${PEI_STAGE_DIR_1:-} ]]; then
  printf '%s: error: PEI_STAGE_DIR_1 is not set, so the stage-1 script cannot be found\n' 'activate-conda-on-login.sh' >&2
  # shellcheck disable=SC2317 # `return` fails, and `exit` is reached, where the file is executed
  return 2 2>/dev/null || exit 2
fi

# Whether the file is sourced without arguments. Bash then gives it the arguments of the calling shell, but records the
# file's name in BASH_ARGV as if it were an argument, above the shell's own frame (which functions may not see).
__pei_forward_given_nothing() {
  local IFS=' '
  [[ ${BASH_ARGC[0]-}:${BASH_ARGV[0]-} == "1:${BASH_SOURCE[1]}" ]] || return 1
  ((${#BASH_ARGC[@]} > 1)) || [[ ! ${FUNCNAME[*]:1} =~ ^((source|main)\ ?)*$ ]]
}

if ! (return 0 2>/dev/null); then
  unset -f __pei_forward_given_nothing
  bash "$PEI_STAGE_DIR_1/system/conda/activate-conda-on-login.sh" "$@"
elif __pei_forward_given_nothing; then
  unset -f __pei_forward_given_nothing
  # shellcheck source=../../../stage-1/system/conda/activate-conda-on-login.sh
  source "$PEI_STAGE_DIR_1/system/conda/activate-conda-on-login.sh"
else
  unset -f __pei_forward_given_nothing
  # shellcheck source=../../../stage-1/system/conda/activate-conda-on-login.sh
  source "$PEI_STAGE_DIR_1/system/conda/activate-conda-on-login.sh" "$@"
fi
