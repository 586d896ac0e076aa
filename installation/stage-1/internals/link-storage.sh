#!/bin/bash
# Links /soft to the storage that the container has, where its image has storage at all. Run by entrypoint.sh.
set -uo pipefail

# A volume or host directory counts where something is mounted; else the image's own directory.
link_storage() {
  local key="$1" target link="/soft/$1"
  target="/hard/image/${key}"
  if [[ -d "/hard/volume/${key}" ]]; then
    target="/hard/volume/${key}"
  fi
  if [[ -e "${link}" && ! -L "${link}" ]]; then
    printf 'pei: %s is a real directory, not a link to %s; it is left alone, and what is in %s is not seen there\n' \
      "${link}" "${target}" "${target}" >&2
    return
  fi
  [[ "$(readlink -- "${link}")" == "${target}" ]] || ln -sfn -- "${target}" "${link}"
}

# A fresh volume belongs to root alone; the directory of the image that it stands in for is everybody's. Directories of the
# host keep the mode that they have.
open_fresh_volume() {
  local folder="/hard/volume/$1"
  [[ -w "${folder}" ]] || return 0
  [[ "$(stat -c '%u:%a' -- "${folder}" 2>/dev/null)" == 0:755 && -z "$(ls -A -- "${folder}")" ]] || return 0
  awk -v folder="${folder}" '$5 == folder && $4 ~ /\/volumes\/[^\/]+\/_data$/ { found = 1 } END { exit !found }' \
    /proc/self/mountinfo || return 0
  chmod 0777 -- "${folder}"
}

main() {
  local key
  [[ -d /hard/image/app ]] || return 0
  mkdir -p /soft
  for key in app data workspace; do
    open_fresh_volume "${key}"
    link_storage "${key}"
  done
}

main "$@"
