#!/bin/bash
# Links /soft to the container's storage, if the image has storage. Run by entrypoint.sh.
set -uo pipefail

# Uses a volume or host directory if one is mounted, else the image's own directory.
link_storage() {
  local key="$1" target link="/soft/$1"
  target="/hard/image/${key}"
  if [[ -d "/hard/volume/${key}" ]]; then
    target="/hard/volume/${key}"
  fi
  if [[ -e "${link}" && ! -L "${link}" ]]; then
    printf 'pei: %s is a real directory, not a link to %s; it is not replaced, and the content of %s is not visible there\n' \
      "${link}" "${target}" "${target}" >&2
    return
  fi
  [[ "$(readlink -- "${link}")" == "${target}" ]] || ln -sfn -- "${target}" "${link}"
}

# A new volume, and a directory of the host that the engine created, can only be written by root. The directory of the image
# that they replace is open to all users, so these are opened too. A directory with content or with another owner keeps its mode.
open_fresh() {
  local dir="/hard/volume/$1"
  [[ -w "${dir}" ]] || return 0
  [[ "$(stat -c '%u:%a' -- "${dir}" 2>/dev/null)" == 0:755 && -z "$(ls -A -- "${dir}")" ]] || return 0
  chmod 1777 -- "${dir}"
}

# users: those of the config except root, who may write anywhere; not too many, because each costs time at a start.
users() { getent group ssh_users | cut -d: -f4 | tr ',' '\n' | grep -vx root | head -n 20; }

tell_of_closed_storage() {
  local dir="/hard/volume/$1" name first=''
  # A directory that root cannot write to is read-only on purpose.
  [[ -d "${dir}" && -w "${dir}" ]] || return 0
  while IFS= read -r name; do
    ! setpriv --reuid "${name}" --regid "$(id -g -- "${name}")" --init-groups test -w "${dir}" || return 0
    first="${first:-${name}}"
  done < <(users)
  [[ -z "${first}" ]] || printf 'pei: no user of user_config.yml can write to /soft/%s: its directory on the host belongs to %s. There: chown %s DIRECTORY; or give %s that uid (ssh.users.%s.uid)\n' \
    "$1" "$(stat -c 'uid %u, mode %a' -- "${dir}")" "$(id -u -- "${first}")" "${first}" "${first}" >&2
}

main() {
  local key
  [[ -d /hard/image/app ]] || return 0
  mkdir -p /soft
  for key in app data workspace; do
    open_fresh "${key}"
    tell_of_closed_storage "${key}"
    link_storage "${key}"
  done
}

main "$@"
