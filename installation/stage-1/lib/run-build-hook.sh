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
readonly COPIED_KIB=1024
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

# show_tree: what the image has at a place already stays in view.
show_tree() {
  local entry target small=()
  while IFS= read -r -d '' entry; do
    target="${TREE}/${entry}"
    if [[ ! -d "${target}" ]]; then
      mkdir -p -- "${target}"
      folders+=("${target}")
    fi
  done < <(cd -- "${FILES}" && find . -mindepth 1 -type d -printf '%P\0')
  while IFS= read -r -d '' entry; do
    target="${TREE}/${entry}"
    [[ ! -e "${target}" && ! -L "${target}" ]] || continue
    small+=("${entry}")
    shown+=("${target}")
  done < <(cd -- "${FILES}" && find . ! -type d -size -"${COPIED_KIB}"k -printf '%P\0')
  while IFS= read -r -d '' entry; do
    target="${TREE}/${entry}"
    [[ ! -e "${target}" && ! -L "${target}" ]] || continue
    ln -s -- "${FILES}/${entry}" "${target}"
    shown+=("${target}")
  done < <(cd -- "${FILES}" && find . ! -type d -size +"$((COPIED_KIB - 1))"k -printf '%P\0')
  # With times of their own (-m) they are older than the stamp, whatever the clock of the host once said.
  ((${#small[@]} == 0)) || printf '%s\0' "${small[@]}" \
    | tar -C "${FILES}" --null --verbatim-files-from -T - --mode=u+rwx,go+rx -c \
    | tar -C "${TREE}" -x -m
  # A copy that is newer than this was changed by the hook.
  stamp="$(mktemp)"
}

hide_tree() {
  local entry unchanged=() i
  for entry in "${shown[@]}"; do
    if [[ -L "${entry}" || ! "${entry}" -nt "${stamp}" ]]; then
      unchanged+=("${entry}")
    fi
  done
  ((${#unchanged[@]} == 0)) || printf '%s\0' "${unchanged[@]}" | xargs -0 rm -f --
  for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
    rmdir --ignore-fail-on-non-empty -- "${folders[i]}" 2>/dev/null || true
  done
  rm -f -- "${stamp}"
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
  ((status == 0)) || pei_die "the on_build hook ${script} ended with status ${status}" \
    "(a file that it misses, and that is new: run \`pei configure\` again, which lists what hooks see)"
}

main "$@"
