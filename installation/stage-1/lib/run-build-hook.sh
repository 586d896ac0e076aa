#!/bin/bash
# Runs one on_build hook as a step of the build.
#
# Usage: run-build-hook.sh SCRIPT ARGUMENTS
#   SCRIPT     relative to installation/
#   ARGUMENTS  as typed in user_config.yml; a shell reads it here, so quotes group and $HOME expands
#
# The build binds what the hook may see, read-only, under /pei-build/files, this script with it. Links give it the paths that it
# will have in the finished image; tmp is a real folder, since scripts download to it.
# Needs root.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly FILES=/pei-build/files TREE=/pei-from-host
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/log.sh"
# shellcheck source=installation/stage-1/lib/hook.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/hook.sh"
pei_install_err_trap

links=()
folders=()

# show SOURCE TARGET: what the image has at a place already stays in view.
show() {
  [[ ! -e "$2" && ! -L "$2" ]] || return 0
  ln -s -- "$1" "$2"
  links+=("$2")
}

make_folder() {
  [[ ! -d "$1" ]] || return 0
  mkdir -p -- "$1"
  folders+=("$1")
}

show_folder() {
  local source="$1" target="$2" entry
  make_folder "${target}"
  for entry in "${source}"/*; do
    case "${entry##*/}" in
      tmp) show_folder "${entry}" "${target}/tmp" ;;
      *) show "${entry}" "${target}/${entry##*/}" ;;
    esac
  done
}

show_tree() {
  local folder
  shopt -s nullglob dotglob
  for folder in "${FILES}"/*; do
    show_folder "${folder}" "${TREE}/${folder##*/}"
  done
  shopt -u nullglob dotglob
}

# What the hook itself left in a folder stays; an empty one goes.
hide_tree() {
  local i
  ((${#links[@]} == 0)) || rm -f -- "${links[@]}"
  for ((i = ${#folders[@]} - 1; i >= 0; i--)); do
    rmdir --ignore-fail-on-non-empty -- "${folders[i]}"
  done
}

main() {
  local script="$1" arguments="$2" status=0
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
