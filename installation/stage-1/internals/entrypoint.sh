#!/bin/bash
# The entrypoint of both images: prepares the container, starts sshd, then runs the on_entry hook or the command.
#
# Usage: entrypoint.sh [--verbose] [--no-block] [--] [COMMAND…]
#        entrypoint.sh COMMAND…           (a first word that does not begin with --)
# With a custom.on_entry hook every argument goes to that hook, untouched.
#
# A failure of a hook or of sshd is reported but does not end the start: in a running container one can find the reason.
set -uo pipefail

readonly TREE=/pei-from-host
# What the hooks of the last starts did; pei-status shows it.
readonly LOG=/pei-init/log KEPT_STARTS=10

usage_error() {
  printf 'Error: Unknown entrypoint option: %s\n' "$1" >&2
  exit 2
}

# The stages of this image in order: those whose directory has internals/on-entry.sh.
find_stages() {
  local script
  stages=()
  for script in "${TREE}"/stage-*/internals/on-entry.sh; do
    [[ ! -f "${script}" ]] || stages+=("${script%/internals/*}")
  done
}

# The stage whose on_entry hook is used: the last one that has such a hook. Size 0 means none.
find_entry_wrapper() {
  local stage
  entry_stage=''
  for stage in "${stages[@]}"; do
    if [[ -s "${stage}/generated/_custom-on-entry.sh" ]]; then
      entry_stage="${stage}"
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

# begin_log: fills start_log with the directory for this start's records, which the first hook makes.
begin_log() {
  local starts last=-1
  [[ ! -e "${LOG}/failed" ]] || rm -f -- "${LOG}/failed" 2>/dev/null
  starts=("${LOG}"/[0-9]*)
  [[ ! -e "${starts[0]}" ]] || last=$((10#${starts[-1]##*/}))
  printf -v start_log '%s/%06d' "${LOG}" "$((last + 1))"
  ((${#starts[@]} < KEPT_STARTS)) || rm -rf -- "${starts[@]:0:${#starts[@]}-KEPT_STARTS+1}" 2>/dev/null
}

# The container's PATH may contain directories that a user can write to. pei's own scripts run as root, so they use only the
# system's directories; hooks, sessions and the container's program get the container's PATH.
prepare() {
  local stage start_log
  export PEI_HOOK_PATH="${PATH:-}"
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  # First: sessions must have the variables even if a hook hangs.
  bash "${TREE}/stage-1/internals/environment.sh"
  bash "${TREE}/stage-1/internals/link-storage.sh"
  begin_log
  for stage in "${stages[@]}"; do
    PEI_START_LOG="${start_log}" bash "${stage}/internals/on-entry.sh"
  done
  bash "${TREE}/stage-1/internals/start-sshd.sh"
}

# This bash stays PID 1: it reaps orphaned processes and ends at once on TERM.
sleep_until_stopped() {
  trap 'exit 0' TERM INT
  while :; do
    /bin/sleep 3600 &
    wait "$!"
  done
}

# Whether stdin is open, and not the /dev/null that the engine uses if nobody asked for a stdin.
stdin_is_used() {
  [[ -t 0 ]] && return
  [[ -e /proc/self/fd/0 && ! /proc/self/fd/0 -ef /dev/null ]]
}

hand_over() {
  if [[ -n "${entry_stage}" ]]; then
    printf 'Entrypoint branch: custom on_entry wrapper (%s)\n' "${entry_stage##*/}"
    exec /bin/bash "${entry_stage}/generated/_custom-on-entry.sh" "$@"
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
    [[ -t 0 ]] || export PEI_BASH_ENV="${BASH_ENV:-}" BASH_ENV="${TREE}/stage-1/internals/piped-shell.sh"
    exec /bin/bash
  fi
  printf 'Entrypoint branch: sleep fallback\n'
  sleep_until_stopped
}

main() {
  local stages entry_stage no_block command
  find_stages
  find_entry_wrapper
  if [[ -n "${entry_stage}" ]]; then
    no_block=0
    command=()
  else
    read_options "$@"
  fi
  # A stop must also end the container while a hook runs.
  trap 'exit 0' TERM INT
  prepare &
  wait "$!"
  trap - TERM INT
  hand_over "$@"
}

main "$@"
