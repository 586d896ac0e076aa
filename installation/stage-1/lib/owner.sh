# shellcheck shell=bash
# Root does not write below a directory that another user owns: a link there could lead the write to any file.
# pei writes there as the owner instead.

# __pei_writer PATH: prints `uid:gid` of the first directory or link on the way to PATH that does not belong to root; nothing if
# all belong to root or the caller. PATH itself only counts if it is a directory: it may be a mounted file.
__pei_writer() {
  local rest="$1" at='' part steps=0 uid
  ((EUID == 0)) || return 0
  [[ "${rest}" == /* ]] || rest="${PWD}/${rest}"
  while [[ -n "${rest}" ]]; do
    part="${rest%%/*}"
    if [[ "${rest}" == */* ]]; then rest="${rest#*/}"; else rest=''; fi
    case "${part}" in
      '' | .) continue ;;
      ..)
        at="${at%/*}"
        continue
        ;;
    esac
    part="${at}/${part}"
    if [[ ! -L "${part}" && ! -d "${part}" ]]; then return 0; fi
    uid="$(stat -c %u -- "${part}")" || return 0
    if ((uid != 0)); then
      printf '%s:%s\n' "${uid}" "$(getent passwd "${uid}" | cut -d: -f4 | grep . || stat -c %g -- "${part}")"
      return 0
    fi
    if [[ -L "${part}" ]]; then
      ((++steps <= 40)) || return 0
      part="$(readlink -- "${part}")"
      [[ "${part}" != /* ]] || at=''
      rest="${part}/${rest}"
    else
      at="${part}"
    fi
  done
}

# pei_as_owner_of PATH COMMAND…: runs COMMAND as whoever may write at PATH: the owner of the directories there, else the caller.
pei_as_owner_of() {
  local writer
  writer="$(__pei_writer "$1")"
  shift
  if [[ -z "${writer}" ]]; then
    "$@"
  else
    setpriv --reuid "${writer%:*}" --regid "${writer#*:}" --clear-groups "$@"
  fi
}

# __pei_call_as_owner_of PATH FUNCTION…: the same for a function of this library. The other user may be unable to read the
# library's files, so it gets the functions as text.
__pei_call_as_owner_of() {
  local path="$1" functions
  shift
  mapfile -t functions < <(compgen -A function -X '!*pei_*')
  pei_as_owner_of "${path}" bash -c "$(declare -f "${functions[@]}")"$'\n''"$@"' "${PEI_LOG_NAME:-${0##*/}}" "$@"
}
