#!/bin/bash
# Runs one on_build hook as a step of the build.
#
# Usage: run-build-hook.sh SCRIPT ARGUMENTS KEY [NAME=VALUE]…
#   SCRIPT     relative to installation/
#   ARGUMENTS  as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#   KEY        the path of the entry in user_config.yml, for messages
#   NAME=VALUE a variable of the hook; this script itself does not use it
#
# The build mounts the files that the hook may see read-only below /pei-build/files, this script too. The hook gets copies
# at the paths of the finished image, because scripts change modes of files beside them, write there, and store their own
# paths. Files that the hook changed or created stay in the image; the other copies are removed.
# Needs root.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly __PEI_FILES=/pei-build/files __PEI_TREE=/pei-from-host
# Larger files are linked instead: they are downloads, not scripts.
readonly __PEI_COPIED_BYTES=$((1024 * 1024))
readonly __PEI_APT_WORD='(^|[^[:alnum:]_.-])(apt|apt-get|aptitude)[[:space:]]'
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/log.sh"
# shellcheck source=installation/stage-1/lib/hook.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/hook.sh"
# shellcheck source=installation/stage-1/lib/sources.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/sources.sh"
# shellcheck source=installation/stage-1/lib/locked.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/locked.sh"
pei_install_err_trap

# What this script put into the tree, and removes again.
shown=()
folders=()

# Start few processes here: every hook of every build waits for them.

# show_tree: copies the mounted files into the image's tree; files that the image already has stay there.
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
  # Not with the times of the host (-m): a clock that was wrong could make them newer than the stamp.
  ((${#small[@]} == 0)) || printf '%s\0' "${small[@]}" \
    | tar -C "${__PEI_FILES}" --null --verbatim-files-from -T - --mode=u+rwx,go+rx -c \
    | tar -C "${__PEI_TREE}" -x -m
  for entry in "${large[@]}"; do
    ln -s -- "${__PEI_FILES}/${entry}" "${__PEI_TREE}/${entry}"
  done
  # The hook changed each copy that is newer than this file.
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
  # Remove the content of a directory before the directory.
  for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
    emptied+=("${folders[i]}")
  done
  for_each emptied rmdir --ignore-fail-on-non-empty -- 2>/dev/null || true
  rm -f -- "${stamp}"
}

# for_each ARRAY COMMAND…: runs COMMAND with the array's words as arguments; there may be more than fit into one call.
for_each() {
  local -n words="$1"
  shift
  ((${#words[@]} == 0)) || printf '%s\0' "${words[@]}" | xargs -0 "$@"
}

# A hook may call `apt-get install` without `apt-get update`. The lists are in the engine's cache, which may have been emptied.
# Read them only if a script of the user mentions apt; pei's installers do it themselves.
refresh_lists() {
  grep -rqsE -- "${__PEI_APT_WORD}" "${__PEI_FILES}/$1" "${__PEI_FILES}"/stage-*/custom || return 0
  if pei_apt_lists_missing; then
    pei_log_info 'reading the package lists, which are not in the build cache'
  elif pei_locked_lists_old; then
    pei_log_info 'reading the package lists: those in the build cache lack versions that pei.lock has'
  else
    return 0
  fi
  apt-get -q update -o APT::Update::Error-Mode=any \
    || pei_log_warn "apt-get update failed; its output is above. It asked $(pei_apt_places)"
}

# explain_locked SCRIPT: after SCRIPT failed, which locked packages it may have asked apt for in vain. pei's installers say so
# themselves.
explain_locked() {
  local file="${__PEI_FILES}/$1" words
  grep -qsE -- "${__PEI_APT_WORD}" "${file}" || return 0
  mapfile -t words < <(grep -ohE -- '[a-z0-9][a-z0-9+.-]+' "${file}" | sort -u)
  pei_locked_explain ${words[@]+"${words[@]}"}
}

# The engine makes an empty secret from a variable that is not set, and reports nothing.
require_secrets() {
  local place
  while read -r _ _ _ _ place _; do
    [[ "${place}" != /run/secrets/* || -s "${place}" ]] || pei_die "the secret ${place##*/} of \`$1\` is empty;" \
      'set its variable in the shell that builds or in .env, or fill its file (see `build_secrets` in user_config.yml)'
  done </proc/self/mountinfo
}

main() {
  local script="$1" arguments="$2" key="${3:-custom.on_build}" status=0 stamp before
  # The same text as the warning of `pei configure`.
  [[ -f "${__PEI_FILES}/${script}" ]] || pei_die "the hook script \`installation/${script}\` does not exist (at \`${key}\` of user_config.yml);" \
    "write it, then run \`pei configure$(pei_locked_option)\`, which lists what hooks see, and build again"
  require_secrets "${key}"
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p /var/cache/pei-apt/archives/partial /var/cache/pei-apt/lists/partial
  pei_locked_begin
  refresh_lists "${script}"
  show_tree
  pei_record_begin
  before="$(pei_installed_packages)"
  cd /
  pei_run_hook "${__PEI_TREE}" "${script}" "${arguments}" "${@:4}" || status=$?
  hide_tree
  pei_locked_end
  pei_locked_installed "${before}" || pei_die "the on_build hook ${script} installed other packages than pei.lock has"
  ((status == 0)) || explain_locked "${script}"
  pei_record_packages "${before}"
  pei_clean_layer
  ((status != 0)) || return 0
  pei_log_info "if a new file below installation/ is missing: run \`pei configure$(pei_locked_option)\` again, which lists the files that hooks see"
  pei_die "the on_build hook ${script} ended with status ${status}; its output is above"
}

main "$@"
