# shellcheck shell=bash
# How a hook entry becomes a command; the same rule in the build, at a start and by hand.

# pei_find_interpreter SCRIPT: fills the array pei_interpreter with the words that run SCRIPT: those of its first line,
# where what that line names is here, else bash. What is written for sh runs with bash, too.
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
        printf 'pei: %s is written for %s, which is not here; bash runs it\n' "$1" "${name}" >&2
        return 0
      fi
      pei_interpreter=("${program}")
      ;;
  esac
  # The kernel takes what is behind the program for one word.
  [[ -z "${rest}" ]] || pei_interpreter+=("${rest}")
}

# pei_run_hook INSTALLATION SCRIPT ARGUMENTS [NAME=VALUE]…
# INSTALLATION is the directory that SCRIPT is relative to. SCRIPT is only ever a path. ARGUMENTS is the text
# behind it, as typed in user_config.yml: a shell reads it now, so that quotes group and $HOME expands.
# Each NAME=VALUE is a variable of the hook.
# Reads: PEI_HOOK_PATH, the PATH of hooks where it is not this shell's.
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
  # A variable that is unset is empty, as it would be for a line typed in a shell.
  set +u
  set --
  eval "set -- ${__pei_arguments}"
  exec "${pei_interpreter[@]}" "${__pei_script}" "$@"
)

# After so many seconds the log names a start hook that still runs: ssh waits for it.
__PEI_SLOW_HOOK_SECONDS=30

# pei_run_start_hook INSTALLATION SCRIPT ARGUMENTS
# For hooks of a container's start: a failure is reported, returned, and nobody's reason to stop.
# With PEI_FIRST_RUN_STATE naming a directory, a hook that has succeeded once is not run again.
pei_run_start_hook() {
  local status=0 mark='' watch
  if [[ -n "${PEI_FIRST_RUN_STATE:-}" ]]; then
    mark="${PEI_FIRST_RUN_STATE}/$(printf '%s\n%s' "$2" "$3" | sha256sum | cut -c1-16)"
    [[ ! -e "${mark}" ]] || return 0
  fi
  __pei_tell_of_slow_hook "$2" &
  watch=$!
  pei_run_hook "$@" || status=$?
  # The wait takes the shell's own message about the end of a job.
  { kill "${watch}" && wait "${watch}"; } 2>/dev/null
  if ((status != 0)); then
    printf 'pei: the hook %s ended with status %s; the start goes on\n' "$2" "${status}" >&2
    return "${status}"
  fi
  [[ -z "${mark}" ]] || touch -- "${mark}" 2>/dev/null \
    || printf 'pei: cannot write to /pei-init that the hook %s has succeeded; it may run again\n' "$2" >&2
}

# A read that nothing ever answers is a sleep without a process of its own, which would outlive the kill.
__pei_tell_of_slow_hook() {
  local silence
  exec {silence}<> <(:)
  read -r -t "${__PEI_SLOW_HOOK_SECONDS}" -u "${silence}"
  printf 'pei: the hook %s has been running for %s s; the start, and ssh, wait for it\n' "$1" "${__PEI_SLOW_HOOK_SECONDS}" >&2
}
