#!/usr/bin/env bash
# Installs libraries and Python packages for computer vision: OpenCV, ffmpeg, numpy and friends.
#
# Usage:   install-vision-dev.bash [OPTIONS], see --help
# Reads:   PEI_DOWNLOAD_MIRROR, proxies, pip's own variables
# Root:    yes
# Network: apt and a Python package index
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=../../lib/vision.sh
source "${here}/../../lib/vision.sh"

required=(ffmpeg imagemagick libopencv-contrib-dev libopencv-dev libsm6 libxext6 python3 python3-pip)
# A picture viewer, which some releases lack.
optional=(qimgv)

declare_options() {
  pei_args_begin install-vision-dev.bash "Install libraries and Python packages for computer vision, for the system's Python."
  pei_args_choice pypi-repo official 'tuna|aliyun|official|URL' 'where the Python packages come from'
  pei_args_note 'The Python packages and their versions stand in requirements.txt beside the script.'
  pei_args_note 'Root: yes. Network: the apt sources and the package index.'
}

# Whether Python has every package of the list in the listed version.
python_in_place() {
  command -v python3 >/dev/null 2>&1 || return 1
  python3 - "${here}/requirements.txt" <<'PYTHON'
import importlib.metadata
import sys

for line in open(sys.argv[1]):
    name, _, version = line.partition("#")[0].strip().partition("==")
    try:
        if name and importlib.metadata.version(name) != version:
            sys.exit(1)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(1)
PYTHON
}

install_python_packages() {
  local help
  local -a options=()
  # Since 2023 distributions ask for this word before pip may touch their Python. An older pip does not know it.
  help="$(python3 -m pip install --help)"
  if [[ "${help}" == *--break-system-packages* ]]; then options+=(--break-system-packages); fi
  if pei_arg_on force; then options+=(--force-reinstall); fi
  PIP_ROOT_USER_ACTION=ignore vision_pip "$(pei_arg pypi-repo)" python3 -m pip install --no-cache-dir --disable-pip-version-check \
    "${options[@]}" --requirement "${here}/requirements.txt" >&2
}

record_python_packages() {
  local name version
  while IFS='= ' read -r name version; do
    pei_record pypi name="${name}" user=root -- version="${version}"
  done < <(sed '/^#/d; /^$/d' "${here}/requirements.txt")
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  if [[ -z "$(pei_apt_missing "${required[@]}")" ]] && python_in_place && ! pei_arg_on force; then
    pei_log_info 'everything is already installed'
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "install with apt: ${required[*]}, and if available: ${optional[*]}"
    pei_plan "install with pip, from $(pei_arg pypi-repo): $(sed '/^#/d' "${here}/requirements.txt" | tr '\n' ' ')"
    return 0
  fi

  pei_require_root
  vision_apt_install "${required[@]}" -- "${optional[@]}"
  install_python_packages
  record_python_packages
  pei_log_info 'libraries and Python packages are installed'
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
