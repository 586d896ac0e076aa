# shellcheck shell=bash
# Messages, fatal errors and the error trap. They go to stderr, because stdout is for data. The only
# exception is pei_plan, which prints the lines of --dry-run.
#
# Reads: PEI_VERBOSE=1 (debug lines), PEI_QUIET=1 (no info lines), NO_COLOR.

# __pei_log LABEL COLOUR MESSAGE…
__pei_log() {
  local label="$1" colour="$2"
  shift 2
  local name="${PEI_LOG_NAME:-${0##*/}}"
  if [[ -t 2 && -z "${NO_COLOR-}" ]]; then
    printf '\033[%sm%s\033[0m [%s] %s\n' "${colour}" "${label}" "${name}" "$*" >&2
  else
    printf '%s [%s] %s\n' "${label}" "${name}" "$*" >&2
  fi
}

pei_log_debug() {
  [[ "${PEI_VERBOSE-}" == 1 ]] || return 0
  __pei_log debug '2' "$@"
}

pei_log_info() {
  [[ "${PEI_QUIET-}" != 1 ]] || return 0
  __pei_log info '32' "$@"
}

pei_log_warn() { __pei_log warning '33' "$@"; }

pei_log_error() { __pei_log error '31' "$@"; }

# One line of a --dry-run answer, on stdout.
pei_plan() { printf 'would %s\n' "$*"; }

# pei_die MESSAGE…: the operation failed.
pei_die() {
  pei_log_error "$@"
  __pei_end 1
}

# pei_usage_die MESSAGE…: the caller asked for something that does not exist.
pei_usage_die() {
  pei_log_error "$@"
  printf "Try '%s --help'.\n" "${PEI_LOG_NAME:-${0##*/}}" >&2
  __pei_end 2
}

# Inside `$(…)` an exit only ends the subshell, and the parent's ERR trap would report the error a second time. So
# a special status marks an error as reported, and the trap replaces it by the real one.
__pei_end() {
  if ((BASH_SUBSHELL > 0)) && [[ "${__PEI_ERR_TRAP-}" == 1 ]]; then
    exit $((120 + $1))
  fi
  exit "$1"
}

# Prints script, line, function, command and status of a command that failed unexpectedly.
# For executables only; it needs `set -E` to see into functions.
pei_install_err_trap() {
  __PEI_ERR_TRAP=1
  trap '__pei_report_failure "$?" "${BASH_SOURCE[0]-$0}" "${LINENO}" "${FUNCNAME[0]-main}" "${BASH_COMMAND}"' ERR
}

__pei_report_failure() {
  local status="$1" script="$2" line="$3" place="$4" command="$5"
  if ((status == 121 || status == 122)); then
    __pei_end $((status - 120))
  fi
  pei_log_error "${script##*/}:${line}: in ${place}: \`${command}\` ended with status ${status}"
}
