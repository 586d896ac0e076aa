#!/bin/bash
# The entrypoint of both images: prepares the container, starts sshd, then hands over.
#
# Usage: entrypoint.sh [--verbose] [--no-block] [--] [COMMAND…]
#        entrypoint.sh COMMAND…           (a first word that does not begin with --)
# With a custom.on_entry hook every argument goes to that hook, untouched.
#
# A failing hook or sshd is reported and never prevents the hand-over: a container that runs can be looked into.
set -uo pipefail

readonly TREE=/pei-from-host

usage_error() {
  printf 'Error: Unknown entrypoint option: %s\n' "$1" >&2
  exit 2
}

# The stage whose on_entry hook is used: stage-2's if it has one, else stage-1's. Size 0 means none.
find_entry_wrapper() {
  local stage
  entry_stage=''
  for stage in 2 1; do
    if [[ -s "${TREE}/stage-${stage}/generated/_custom-on-entry.sh" ]]; then
      entry_stage="${stage}"
      return
    fi
  done
}

# read_options ARGUMENT…: sets no_block and the array `command`.
read_options() {
  no_block=0
  command=()
  if (($# > 0)) && [[ "$1" != --* ]]; then
    command=("$@")
    return
  fi
  while (($# > 0)); do
    case "$1" in
      --verbose) export PEI_ENTRYPOINT_VERBOSE=1 ;;
      --no-block) no_block=1 ;;
      --)
        shift
        command=("$@")
        return
        ;;
      *) usage_error "$1" ;;
    esac
    shift
  done
}

prepare() {
  local stage script
  # Read by ssh sessions, so the first thing: a hook that hangs must not keep it from them.
  bash "${TREE}/stage-1/internals/environment.sh"
  for stage in 1 2; do
    script="${TREE}/stage-${stage}/internals/on-entry.sh"
    [[ ! -f "${script}" ]] || bash "${script}"
  done
  bash "${TREE}/stage-1/internals/start-sshd.sh"
}

# PID 1 stays this bash, which reaps what others leave behind and ends at once when asked to.
sleep_until_stopped() {
  trap 'exit 0' TERM INT
  while :; do
    sleep 3600 &
    wait "$!"
  done
}

# Open, and not what the engine puts in place of a stdin that nobody asked for.
stdin_is_used() {
  [[ -t 0 ]] && return
  [[ -e /proc/self/fd/0 && ! /proc/self/fd/0 -ef /dev/null ]]
}

hand_over() {
  if [[ -n "${entry_stage}" ]]; then
    printf 'Entrypoint branch: custom on_entry wrapper (stage-%s)\n' "${entry_stage}"
    exec bash "${TREE}/stage-${entry_stage}/generated/_custom-on-entry.sh" "$@"
  fi
  if ((${#command[@]} > 0)); then
    printf 'Entrypoint branch: exec user command (%s)\n' "${command[*]}"
    exec -- "${command[@]}"
  fi
  if ((no_block == 1)); then
    printf 'Entrypoint branch: no-block exit\n'
    exit 0
  fi
  if stdin_is_used; then
    printf 'Entrypoint branch: bash fallback\n'
    exec /bin/bash
  fi
  printf 'Entrypoint branch: sleep fallback\n'
  sleep_until_stopped
}

main() {
  local entry_stage no_block command
  find_entry_wrapper
  if [[ -n "${entry_stage}" ]]; then
    no_block=0
    command=()
  else
    read_options "$@"
  fi
  # A stop that comes while a hook runs ends the container, too.
  trap 'exit 0' TERM INT
  prepare &
  wait "$!"
  trap - TERM INT
  hand_over "$@"
}

main "$@"
