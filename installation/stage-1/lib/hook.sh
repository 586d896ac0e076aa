# shellcheck shell=bash
# Turns a hook entry into a command: in a build, at a container's start, and when a wrapper is run by hand. A wrapper is a
# generated script that runs hooks: generated/_custom-*.sh.

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
  unset -v PEI_HOOK_PATH PEI_START_LOG
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
# If PEI_START_LOG names a directory, the hook leaves a record there, which pei-status shows.
pei_run_start_hook() {
  local status=0 mark='' again='' watch wrapper="${BASH_SOURCE[1]}" began record='' said='' keeper=''
  if [[ -n "${PEI_FIRST_RUN_STATE:-}" ]]; then
    mark="${PEI_FIRST_RUN_STATE}/$(printf '%s\n%s' "$2" "$3" | sha256sum | cut -c1-16)"
    [[ ! -e "${mark}" ]] || return 0
    again=', and the hook runs again at the next start'
  fi
  __pei_record_begin "$2"
  __pei_tell_of_slow_hook "$2" &
  watch=$!
  if [[ -n "${said}" ]]; then
    pei_run_hook "$@" 2>&"${said}" {said}>&- || status=$?
    exec {said}>&-
  else
    pei_run_hook "$@" || status=$?
  fi
  # Without this wait the shell would print a message about the end of the job.
  { kill "${watch}" && wait "${watch}"; } 2>/dev/null
  __pei_record_end "$2" "${status}"
  if ((status != 0)); then
    printf 'pei: the hook %s ended with status %s; the start goes on%s\n' "$2" "${status}" "${again}" >&2
    return "${status}"
  fi
  [[ -z "${mark}" ]] || touch -- "${mark}" 2>/dev/null \
    || printf 'pei: cannot record in /pei-init that the hook %s succeeded; it may run again\n' "$2" >&2
}

# Copies stdin to stdout and keeps the last 4 KiB in a file that only root can read. The file is written after each read: a
# program that the hook leaves running shares its stderr, so there may be no end of file.
# shellcheck disable=SC2016
__PEI_KEEP_END='
  use Fcntl;
  my $end = "";
  $| = 1;
  sysopen my $file, shift, O_WRONLY | O_CREAT | O_TRUNC, 0600;
  while (sysread STDIN, my $part, 65536) {
    print $part;
    $end .= $part;
    $end = substr $end, -4096 if length $end > 4096;
    sysseek $file, 0, 0;
    syswrite $file, $end;
  }
'

# These functions use the variables of pei_run_start_hook. If a record cannot be written, the hook still runs.

# __pei_record SCRIPT SECONDS STATUS: writes the line of a hook. Without the arguments: they may hold a secret.
__pei_record() {
  local kind="${wrapper##*/_custom-}" stage="${wrapper%/generated/*}"
  { printf '%s\t%s\t%s\t%s\t%s\t%s\n' "${stage##*/}" "${kind%.sh}" "${began%??????}" "$2" "$3" "${1//[[:cntrl:]]/?}" \
    >"${record}"; } 2>/dev/null
}

# __pei_now NAME: the time in microseconds. Bash 4 has no EPOCHREALTIME; its decimal point depends on the locale.
__pei_now() {
  local now="${EPOCHREALTIME:-$(date +%s.%6N)}"
  printf -v "$1" '%s' "${now//[!0-9]/}"
}

__pei_record_begin() {
  local records
  [[ -n "${PEI_START_LOG:-}" ]] || return 0
  [[ -d "${PEI_START_LOG}" ]] || mkdir -p -- "${PEI_START_LOG}" 2>/dev/null || return 0
  records=("${PEI_START_LOG}"/*.hook)
  [[ -e "${records[0]}" ]] || records=()
  printf -v record '%s/%03d.hook' "${PEI_START_LOG}" "${#records[@]}"
  __pei_now began
  if ! __pei_record "$1" - running; then
    record=''
  elif command -v perl >/dev/null; then
    exec {said}> >(exec perl -e "${__PEI_KEEP_END}" "${record%.hook}.output" >&2 2>/dev/null)
    keeper=$!
  fi
}

__pei_record_end() {
  local ended silence i
  [[ -n "${record}" ]] || return 0
  __pei_now ended
  ended=$(((ended - began) / 1000))
  printf -v ended '%d.%03d' "$((ended / 1000))" "$((ended % 1000))"
  __pei_record "$1" "${ended}" "$2"
  (($2 != 0)) || return 0
  { printf '%s (status %s)\n' "${1//[[:cntrl:]]/?}" "$2" >>"${PEI_START_LOG%/*}/failed"; } 2>/dev/null
  # The output of the hook comes before the message that it failed.
  [[ -n "${keeper}" ]] || return 0
  exec {silence}<> <(:)
  for ((i = 0; i < 50; i++)); do
    kill -0 "${keeper}" 2>/dev/null || break
    read -r -t 0.002 -u "${silence}"
  done
  exec {silence}>&-
}

# A read without an answer, not `sleep`: sleep is another process, which would continue after the kill.
__pei_tell_of_slow_hook() {
  local silence
  exec {silence}<> <(:)
  read -r -t "${__PEI_SLOW_HOOK_SECONDS}" -u "${silence}"
  printf 'pei: the hook %s has been running for %s s; the start, and ssh, wait for it\n' "$1" "${__PEI_SLOW_HOOK_SECONDS}" >&2
}
