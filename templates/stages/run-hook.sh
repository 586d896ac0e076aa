#!/bin/sh
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Runs one on_build hook of a stage with any base image. The image may hold no other program than a shell, so this script
# uses only what every shell has built in.
#
# Usage: run-hook.sh SCRIPT ARGUMENTS KEY [NAME=VALUE]…
#   SCRIPT      relative to installation/
#   ARGUMENTS   as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#   KEY         the path of the entry in user_config.yml, for messages
#   NAME=VALUE  a variable of the stage; no name here may be one of these, or each would change the other
set -u

fail() {
  printf 'pei: %s\n' "$1" >&2
  exit "${2:-1}"
}

# is_program WORD: whether it can be run, by its path or from PATH.
is_program() {
  command -v -- "$1" >/dev/null 2>&1 && [ ! -d "$1" ]
}

# find_interpreter FILE: sets `__pei_interpreter` and `__pei_option` from the first line, if the image has that program.
# Otherwise the interpreter is bash, or sh if there is no bash.
find_interpreter() {
  __pei_line='' __pei_option='' __pei_interpreter=''
  IFS= read -r __pei_line <"$1" || :
  __pei_line="${__pei_line%"${__pei_carriage_return}"}"
  case "${__pei_line}" in
    '#!'*) __pei_line="${__pei_line#??}" ;;
    *) __pei_line='' ;;
  esac
  IFS="${__pei_blanks}" read -r __pei_interpreter __pei_option <<END
${__pei_line}
END
  if [ "${__pei_interpreter##*/}" = env ]; then
    __pei_line="${__pei_option}"
    case "${__pei_line}" in
      -S*) __pei_line="${__pei_line#-S}" ;;
    esac
    IFS="${__pei_blanks}" read -r __pei_interpreter __pei_option <<END
${__pei_line}
END
  fi
  if [ -n "${__pei_interpreter}" ] && ! is_program "${__pei_interpreter}"; then
    case "${__pei_interpreter##*/}" in
      sh | bash) ;;
      *) printf 'pei: %s is written for %s, which is not here\n' "$1" "${__pei_interpreter##*/}" >&2 ;;
    esac
    __pei_interpreter='' __pei_option=''
  fi
  if [ -z "${__pei_interpreter}" ]; then
    if is_program bash; then __pei_interpreter='bash'; else __pei_interpreter='sh'; fi
  fi
}

__pei_carriage_return="$(printf '\r')" __pei_blanks="$(printf ' \t')"
__pei_script="/pei-from-host/$1" __pei_name="$1" __pei_arguments="$2" __pei_key="$3"
shift 3
[ -f "${__pei_script}" ] || fail "the hook script \`installation/${__pei_name}\` does not exist (at \`${__pei_key}\` of user_config.yml);\
 write it, then run \`pei configure\`, which lists what hooks see, and build again"
# The engine makes an empty secret from a variable that is not set, and reports nothing.
while IFS=' ' read -r _ _ _ _ __pei_place _; do
  case "${__pei_place}" in
    /run/secrets/*)
      [ -s "${__pei_place}" ] || fail "the secret ${__pei_place##*/} of \`${__pei_key}\` is empty;\
 set its variable in the shell that builds or in .env, or fill its file (see \`build_secrets\` in user_config.yml)"
      ;;
  esac
done </proc/self/mountinfo
export DEBIAN_FRONTEND=noninteractive
for __pei_variable in "$@"; do
  export "${__pei_variable?}"
done
find_interpreter "${__pei_script}"
cd /
(
  # A variable that is unset is empty, as it would be for a line typed in a shell.
  set +u
  eval "set -- ${__pei_arguments}"
  if [ -n "${__pei_option}" ]; then
    exec "${__pei_interpreter}" "${__pei_option}" "${__pei_script}" "$@"
  fi
  exec "${__pei_interpreter}" "${__pei_script}" "$@"
) || fail "the on_build hook ${__pei_name} ended with status $?; see its output above" "$?"
