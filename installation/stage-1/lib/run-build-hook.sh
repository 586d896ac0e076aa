#!/bin/bash
# Runs one on_build hook as a step of the build.
#
# Usage: run-build-hook.sh SCRIPT ARGUMENTS KEY [NAME=VALUE]…
#   SCRIPT     relative to installation/
#   ARGUMENTS  as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#   KEY        the path of the entry in user_config.yml, for messages
#   NAME=VALUE a variable of the hook, which nothing here is to see
#
# The build binds what the hook may see, read-only, under /pei-build/files, this script with it. The hook gets copies
# under the paths of the finished image, since scripts change the modes of their neighbours, write beside them and keep
# their real paths. What the hook has changed or made there stays in the image; the other copies go.
# Needs root.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly __PEI_FILES=/pei-build/files __PEI_TREE=/pei-from-host
# Larger files are linked instead: they are downloads, not scripts.
readonly __PEI_COPIED_BYTES=$((1024 * 1024))
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/log.sh"
# shellcheck source=installation/stage-1/lib/hook.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/hook.sh"
# shellcheck source=installation/stage-1/lib/sources.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/sources.sh"
pei_install_err_trap

# What was put into the tree, and is taken out of it again.
shown=()
folders=()

# Few processes are started here, since every hook of every build waits for them.

# show_tree: what the image has at a place already stays in view.
show_tree() {
  local kind size entry target small=() large=()
  while IFS=/ read -r -d '' kind size entry; do
    target="${__PEI_TREE}/${entry}"
    [[ ! -e "${target}" && ! -L "${target}" ]] || continue
    if [[ "${kind}" == d ]]; then
      folders+=("${target}")
    elif ((size < __PEI_COPIED_BYTES)); then
      small+=("${entry}")
      shown+=("${target}")
    else
      large+=("${entry}")
      shown+=("${target}")
    fi
  done < <(find "${__PEI_FILES}" -mindepth 1 -printf '%y/%s/%P\0')
  for_each folders mkdir -p --
  # With times of their own (-m) they are older than the stamp, whatever the clock of the host once said.
  ((${#small[@]} == 0)) || printf '%s\0' "${small[@]}" \
    | tar -C "${__PEI_FILES}" --null --verbatim-files-from -T - --mode=u+rwx,go+rx -c \
    | tar -C "${__PEI_TREE}" -x -m
  for entry in "${large[@]}"; do
    ln -s -- "${__PEI_FILES}/${entry}" "${__PEI_TREE}/${entry}"
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
  # What is in a directory goes before it.
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

# A hook may install packages and leave the lists to the step before it, as it could in an image that keeps them. They lie in
# the engine's cache, which it may have cleaned up. Where no script of the user's speaks of apt nobody waits for them;
# installers see to it themselves.
refresh_lists() {
  local word='(^|[^[:alnum:]_.-])(apt|apt-get|aptitude)[[:space:]]'
  grep -rqsE -- "${word}" "${__PEI_FILES}/$1" "${__PEI_FILES}"/stage-*/custom || return 0
  pei_apt_lists_missing || return 0
  pei_log_info 'reading the package lists, which are not in the build cache'
  apt-get -q update -o APT::Update::Error-Mode=any \
    || pei_log_warn "apt-get update failed, and what it says stands above. It asked $(pei_apt_places)"
}

main() {
  local script="$1" arguments="$2" key="${3:-custom.on_build}" status=0 stamp before
  # In the words of the warning of `pei configure`.
  [[ -f "${__PEI_FILES}/${script}" ]] || pei_die "the hook script \`installation/${script}\` does not exist (at \`${key}\` of user_config.yml);" \
    'write it, then run `pei configure`, which lists what hooks see, and build again'
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /var/cache/pei-apt/archives/partial /var/cache/pei-apt/lists/partial
  refresh_lists "${script}"
  show_tree
  pei_record_begin
  before="$(pei_installed_packages)"
  cd /
  pei_run_hook "${__PEI_TREE}" "${script}" "${arguments}" "${@:4}" || status=$?
  hide_tree
  pei_record_packages "${before}"
  pei_clean_layer
  ((status != 0)) || return 0
  pei_log_info 'if it misses a file that is new under installation/: `pei configure` lists what hooks see, run it again'
  pei_die "the on_build hook ${script} ended with status ${status}; what it says stands above"
}

main "$@"
