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
  ln -sfn -- "${target}" "${link}"
}

mkdir -p /soft
for key in app data workspace; do
  link_storage "${key}"
done
bash "${here}/on-first-run.sh"
bash "${here}/on-every-run.sh"
