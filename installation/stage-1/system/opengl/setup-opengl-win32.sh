#!/usr/bin/env bash
# Sets up OpenGL for containers on Windows, where WSLg brings display and driver.
#
# Usage:   setup-opengl-win32.sh [OPTIONS], see --help
# Reads:   OPENGL_USE_NVIDIA_GPU, PEI_ETC (a directory instead of /etc)
# Root:    yes
# Network: apt
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"
# shellcheck source=../../lib/vision.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/vision.sh"

declare_options() {
  pei_args_begin setup-opengl-win32.sh 'Install Mesa and test programs, and point shells at the driver that WSL brings.'
  pei_args_switch nvidia 'draw with the NVIDIA GPU (also: OPENGL_USE_NVIDIA_GPU=true)'
  pei_args_note 'The variables are set only where /usr/lib/wsl/lib exists. Root: yes. Network: the apt sources.'
}

required=(
  libxext-dev libx11-dev libglvnd-dev libglx-dev libgl-dev libegl-dev libgles-dev
  libgl1 libgl1-mesa-dri libgl1-mesa-dev freeglut3-dev mesa-utils xvfb
)
# Not on every release: older names of the packages above, more demos, a benchmark.
optional=(libgl1-mesa-glx libegl1-mesa-dev libgles2-mesa-dev mesa-utils-extra glmark2)

# shellcheck disable=SC2016 # expands in the profile file
variables() {
  printf 'if [ -d /usr/lib/wsl/lib ]; then\n'
  printf '  export NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all\n'
  printf '  case ":${LD_LIBRARY_PATH-}:" in\n'
  printf '    *:/usr/lib/wsl/lib:*) ;;\n'
  printf '    *) export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+${LD_LIBRARY_PATH}:}/usr/lib/wsl/lib" ;;\n'
  printf '  esac\n'
  if wants_nvidia; then printf '  export MESA_D3D12_DEFAULT_ADAPTER_NAME=NVIDIA\n'; fi
  printf 'fi\n'
}

wants_nvidia() { pei_arg_on nvidia || [[ "${OPENGL_USE_NVIDIA_GPU-}" == true ]]; }

# Registers NVIDIA's driver with EGL. If the driver is missing, EGL ignores the entry.
vendor_file() { printf '%s/glvnd/egl_vendor.d/10_nvidia.json\n' "${etc}"; }

in_place() {
  local missing
  missing="$(pei_apt_missing "${required[@]}")"
  [[ -z "${missing}" ]] || return 1
  cmp -s -- <(variables) "${etc}/profile.d/opengl.sh" || return 1
  ! wants_nvidia || cmp -s -- "${here}/10_nvidia.json" "$(vendor_file)"
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local etc="${PEI_ETC:-/etc}" here
  here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
  if in_place && ! pei_arg_on force; then
    pei_log_info 'OpenGL is already set up'
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "install with apt: ${required[*]}, and if available: ${optional[*]}"
    pei_plan "write ${etc}/profile.d/opengl.sh and a block in ${etc}/bash.bashrc"
    if wants_nvidia; then pei_plan "write $(vendor_file)"; fi
    return 0
  fi

  pei_require_root
  vision_apt_install "${required[@]}" -- "${optional[@]}"
  if wants_nvidia; then pei_write_file --mode 0644 "$(vendor_file)" <"${here}/10_nvidia.json"; fi
  variables | pei_write_file --mode 0644 "${etc}/profile.d/opengl.sh"
  variables | pei_block_set --top "${etc}/bash.bashrc" opengl
  pei_log_info 'OpenGL is set up; new shells use it'
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
