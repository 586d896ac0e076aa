#!/bin/sh
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Runs one on_build hook of a stage whose base may be any image. Nothing but a shell is needed, so that all is done by what
# every shell has built in.
#
# Usage: run-hook.sh SCRIPT ARGUMENTS KEY [NAME=VALUE]…
#   SCRIPT      relative to installation/
#   ARGUMENTS   as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#   KEY         the path of the entry in user_config.yml, for messages
#   NAME=VALUE  a variable of the stage
set -u

fail() {
  printf 'pei: %s\n' "$1" >&2
  exit "${2:-1}"
}

# is_program WORD: it can be run, by its path or from PATH.
is_program() {
  command -v -- "$1" >/dev/null 2>&1
}

# find_interpreter FILE: sets `interpreter` and `option`: the words of the first line, where what they name is here; else bash,
# else sh.
find_interpreter() {
  line='' option='' interpreter=''
  IFS= read -r line <"$1" || :
  line="${line%"${carriage_return}"}"
  case "${line}" in
    '#!'*) line="${line#??}" ;;
    *) line='' ;;
  esac
  read -r interpreter option <<END
${line}
END
  if [ "${interpreter##*/}" = env ]; then
    line="${option}"
    case "${line}" in
      -S*) line="${line#-S}" ;;
    esac
    read -r interpreter option <<END
${line}
END
  fi
  if [ -n "${interpreter}" ] && ! is_program "${interpreter}"; then
    case "${interpreter##*/}" in
      sh | bash) ;;
      *) printf 'pei: %s is written for %s, which is not here\n' "$1" "${interpreter##*/}" >&2 ;;
    esac
    interpreter='' option=''
  fi
  if [ -z "${interpreter}" ]; then
    if is_program bash; then interpreter='bash'; else interpreter='sh'; fi
  fi
}

carriage_return="$(printf '\r')"
script="/pei-from-host/$1" name="$1" arguments="$2" key="$3"
shift 3
[ -f "${script}" ] || fail "the hook script \`installation/${name}\` does not exist (at \`${key}\` of user_config.yml);\
 write it, then run \`pei configure\`, which lists what hooks see, and build again"
for variable in "$@"; do
  export "${variable?}"
done
find_interpreter "${script}"
export DEBIAN_FRONTEND=noninteractive
cd /
(
  # A variable that is unset is empty, as it would be for a line typed in a shell.
  set +u
  eval "set -- ${arguments}"
  if [ -n "${option}" ]; then
    exec "${interpreter}" "${option}" "${script}" "$@"
  fi
  exec "${interpreter}" "${script}" "$@"
) || fail "the on_build hook ${name} ended with status $?; what it says stands above" "$?"
