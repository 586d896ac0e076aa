#!/usr/bin/env bash
# Gives NVIDIA's NGC images library paths in every shell, where none are set.
#
# Usage:   fix-shinit.sh [OPTIONS], see --help
# Reads:   PEI_ETC (a directory instead of /etc)
# Root:    yes, where there is something to do
# Network: none
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

declare_options() {
  pei_args_begin fix-shinit.sh "Add default library paths to the start-up file of NVIDIA's NGC images."
  pei_args_note 'Does nothing where there is no /etc/shinit_v2. Root: yes. Network: none.'
}

# An empty entry in these lists would mean the current directory, so there is none. The file is read by dash too.
defaults() {
  cat <<'TEXT'
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-/usr/local/cuda/compat/lib:/usr/local/nvidia/lib:/usr/local/nvidia/lib64}"
export LIBRARY_PATH="${LIBRARY_PATH:-/usr/local/cuda/lib64/stubs}"
TEXT
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local file="${PEI_ETC:-/etc}/shinit_v2"
  if [[ ! -f "${file}" ]]; then
    pei_log_info "there is no ${file}: not an NGC image, nothing to do"
  elif pei_block_present "${file}" ngc-library-paths && ! pei_arg_on force; then
    pei_log_info "${file} already has the block"
  elif pei_arg_on dry-run; then
    pei_plan "add a block to ${file}"
  else
    pei_require_root
    defaults | pei_block_set "${file}" ngc-library-paths
    pei_log_info "${file} has the block now"
  fi
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
