# shellcheck shell=bash
# Turns a hook entry into a command: in a build, at a container's start, and when a wrapper is run by hand.

# pei_find_interpreter SCRIPT: sets the array pei_interpreter to the words of SCRIPT's first line if that program exists,
# otherwise to bash. Scripts for sh also run with bash.
pei_find_interpreter() {
  local line='' program rest name IFS=$' \t\n'
  pei_interpreter=(bash)
  { IFS= read -r line <"$1"; } 2>/dev/null
  line="${line%$'\r'}"
  [[ "${line}" == '#!'*[![:space:]]* ]] || return 0
  read -r program rest <<<"${line#??}"
  if [[ "${program##*/}" == env ]]; then
    read -r program rest <<<"${rest#-S}"
  fi
  name="${program##*/}"
  case "${name}" in
    sh | bash) ;;
    *)
      if ! command -v -- "${program}" >/dev/null; then
        printf 'pei: %s is written for %s, which is not installed; bash runs it\n' "$1" "${name}" >&2
        return 0
      fi
      pei_interpreter=("${program}")
      ;;
  esac
  # Like the kernel: all text after the program is one argument.
  [[ -z "${rest}" ]] || pei_interpreter+=("${rest}")
}

# pei_run_hook INSTALLATION SCRIPT ARGUMENTS [NAME=VALUE]…
# INSTALLATION is the directory that SCRIPT is relative to. SCRIPT is always a path, never code. ARGUMENTS is the text
# after it, as typed in user_config.yml: a shell reads it now, so quotes group and $HOME expands.
# Each NAME=VALUE is a variable of the hook.
# Reads: PEI_HOOK_PATH, the PATH of hooks if it differs from this shell's.
pei_run_hook() (
  __pei_script="$1/$2" __pei_arguments="$3"
  if [[ ! -f "${__pei_script}" ]]; then
    printf 'hook script not found: %s\n' "${__pei_script}" >&2
    exit 127
  fi
  [[ -z "${PEI_HOOK_PATH:-}" ]] || PATH="${PEI_HOOK_PATH}"
  unset -v PEI_HOOK_PATH
  (($# < 4)) || export -- "${@:4}"
  pei_find_interpreter "${__pei_script}"
  # Without `set -u`: an unset variable is empty, as in a line typed in a shell.
  set +u
  set --
  eval "set -- ${__pei_arguments}"
  exec "${pei_interpreter[@]}" "${__pei_script}" "$@"
)

# After this many seconds the log names a start hook that still runs, because ssh waits for it.
__PEI_SLOW_HOOK_SECONDS=30

# pei_run_start_hook INSTALLATION SCRIPT ARGUMENTS
# For hooks of a container's start: reports and returns a failure; the start continues.
# If PEI_FIRST_RUN_STATE names a directory, a hook that has succeeded once is not run again.
pei_run_start_hook() {
  local status=0 mark='' watch
  if [[ -n "${PEI_FIRST_RUN_STATE:-}" ]]; then
    mark="${PEI_FIRST_RUN_STATE}/$(printf '%s\n%s' "$2" "$3" | sha256sum | cut -c1-16)"
    [[ ! -e "${mark}" ]] || return 0
  fi
  __pei_tell_of_slow_hook "$2" &
  watch=$!
  pei_run_hook "$@" || status=$?
  # Without this wait the shell would print a message about the end of the job.
  { kill "${watch}" && wait "${watch}"; } 2>/dev/null
  if ((status != 0)); then
    printf 'pei: the hook %s ended with status %s; the start goes on\n' "$2" "${status}" >&2
    return "${status}"
  fi
  [[ -z "${mark}" ]] || touch -- "${mark}" 2>/dev/null \
    || printf 'pei: cannot record in /pei-init that the hook %s succeeded; it may run again\n' "$2" >&2
}

# A read without an answer, not `sleep`: sleep is another process, which would continue after the kill.
__pei_tell_of_slow_hook() {
  local silence
  exec {silence}<> <(:)
  read -r -t "${__PEI_SLOW_HOOK_SECONDS}" -u "${silence}"
  printf 'pei: the hook %s has been running for %s s; the start, and ssh, wait for it\n' "$1" "${__PEI_SLOW_HOOK_SECONDS}" >&2
}
