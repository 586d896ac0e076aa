#!/bin/bash
# Runs one on_build hook as a step of the build.
#
# Usage: run-build-hook.sh SCRIPT ARGUMENTS
#   SCRIPT     relative to installation/
#   ARGUMENTS  as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#
# The build binds what the hook may see, read-only, under /pei-build/files, this script with it. The hook gets copies
# under the paths of the finished image, since scripts change the modes of their neighbours, write beside them and keep
# their real paths. What the hook has changed or made there stays in the image; the other copies go.
# Needs root.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly FILES=/pei-build/files TREE=/pei-from-host
# Larger files are linked instead: they are downloads, not scripts.
readonly COPIED_BYTES=$((1024 * 1024))
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/log.sh"
# shellcheck source=installation/stage-1/lib/hook.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/hook.sh"
pei_install_err_trap

# What was put into the tree, and is taken out of it again.
shown=()
folders=()

# Few processes are started here, since every hook of every build waits for them.

# show_tree: what the image has at a place already stays in view.
show_tree() {
  local kind size entry target small=() large=()
  while IFS=/ read -r -d '' kind size entry; do
    target="${TREE}/${entry}"
    [[ ! -e "${target}" && ! -L "${target}" ]] || continue
    if [[ "${kind}" == d ]]; then
      folders+=("${target}")
    elif ((size < COPIED_BYTES)); then
      small+=("${entry}")
      shown+=("${target}")
    else
      large+=("${entry}")
      shown+=("${target}")
    fi
  done < <(find "${FILES}" -mindepth 1 -printf '%y/%s/%P\0')
  for_each folders mkdir -p --
  # With times of their own (-m) they are older than the stamp, whatever the clock of the host once said.
  ((${#small[@]} == 0)) || printf '%s\0' "${small[@]}" \
    | tar -C "${FILES}" --null --verbatim-files-from -T - --mode=u+rwx,go+rx -c \
    | tar -C "${TREE}" -x -m
  for entry in "${large[@]}"; do
    ln -s -- "${FILES}/${entry}" "${TREE}/${entry}"
  done
  # A copy that is newer than this was changed by the hook.
  stamp="$(mktemp)"
}

hide_tree() {
  local entry unchanged=() emptied=() i
  for entry in "${shown[@]}"; do
    if [[ -L "${entry}" || ! "${entry}" -nt "${stamp}" ]]; then
      unchanged+=("${entry}")
    fi
  done
  for_each unchanged rm -f --
  # What is in a folder goes before it.
  for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
    emptied+=("${folders[i]}")
  done
  for_each emptied rmdir --ignore-fail-on-non-empty -- 2>/dev/null || true
  rm -f -- "${stamp}"
}

# for_each ARRAY COMMAND…: runs COMMAND with the array's words behind it, however many they are.
for_each() {
  local -n words="$1"
  shift
  ((${#words[@]} == 0)) || printf '%s\0' "${words[@]}" | xargs -0 "$@"
}

main() {
  local script="$1" arguments="$2" status=0 stamp
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /var/cache/pei-apt/archives/partial /var/cache/pei-apt/lists/partial
  show_tree
  cd /
  pei_run_hook "${TREE}" "${script}" "${arguments}" || status=$?
  hide_tree
  pei_clean_layer
  ((status != 0)) || return 0
  pei_log_info 'if it misses a file that is new under installation/: `pei configure` lists what hooks see, run it again'
  pei_die "the on_build hook ${script} ended with status ${status}; what it says stands above"
}

main "$@"
