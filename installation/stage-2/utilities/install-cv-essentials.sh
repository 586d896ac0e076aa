#!/usr/bin/env bash
# Installs the tools and libraries that C++ and Python programs for computer vision are built with.
#
# Usage:   install-cv-essentials.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1
# Root:    yes
# Network: apt
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
stage_1="${PEI_STAGE_DIR_1:-${here}/../../stage-1}"
# shellcheck source=../../stage-1/lib/pei.sh
source "${stage_1}/lib/pei.sh"
# shellcheck source=../../stage-1/lib/vision.sh
source "${stage_1}/lib/vision.sh"

required=(
  build-essential cmake cmake-curses-gui pkg-config
  python3 python3-pip python-is-python3
  ffmpeg libsm6 libxext6 libopencv-dev
)
# A picture viewer, which some releases lack.
optional=(qimgv)

declare_options() {
  pei_args_begin install-cv-essentials.sh 'Install compilers, CMake, Python, ffmpeg and OpenCV with apt.'
  pei_args_note 'Root: yes. Network: the apt sources.'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  if [[ -z "$(pei_apt_missing "${required[@]}")" ]] && ! pei_arg_on force; then
    pei_log_info 'everything is already installed'
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "install with apt: ${required[*]}, and if available: ${optional[*]}"
    return 0
  fi

  pei_require_root
  vision_apt_install "${required[@]}" -- "${optional[@]}"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
