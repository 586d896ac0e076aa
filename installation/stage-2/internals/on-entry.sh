#!/bin/bash
# Prepares a container's start for stage-2: the /soft links, then what the stage does at a first and at every
# start. Run by entrypoint.sh after stage-1's. Reads: PEI_ENTRYPOINT_VERBOSE=1 (each script prints its own path).
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/on-entry.sh"

# A volume or host folder counts where something is mounted; else the image's own folder.
link_storage() {
  local key="$1" target link="/soft/$1"
  target="/hard/image/${key}"
  if [[ -d "/hard/volume/${key}" ]]; then
    target="/hard/volume/${key}"
  fi
  if [[ -e "${link}" && ! -L "${link}" ]]; then
    printf 'pei: %s is a real folder, not a link to %s; it is left alone, and what is in %s is not seen there\n' \
      "${link}" "${target}" "${target}" >&2
    return
  fi
  [[ "$(readlink -- "${link}")" == "${target}" ]] || ln -sfn -- "${target}" "${link}"
}

# A fresh volume belongs to root alone; the folder of the image that it stands in for is everybody's. Folders of the host
# keep the mode that they have.
open_fresh_volume() {
  local folder="/hard/volume/$1"
  [[ -w "${folder}" ]] || return 0
  [[ "$(stat -c '%u:%a' -- "${folder}" 2>/dev/null)" == 0:755 && -z "$(ls -A -- "${folder}")" ]] || return 0
  awk -v folder="${folder}" '$5 == folder && $4 ~ /\/volumes\/[^\/]+\/_data$/ { found = 1 } END { exit !found }' \
    /proc/self/mountinfo || return 0
  chmod 0777 -- "${folder}"
}

mkdir -p /soft
for key in app data workspace; do
  open_fresh_volume "${key}"
  link_storage "${key}"
done
bash "${here}/on-first-run.sh"
bash "${here}/on-every-run.sh"
