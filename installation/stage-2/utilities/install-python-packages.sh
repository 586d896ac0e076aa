#!/usr/bin/env bash
# Installs PyTorch and packages for machine learning into an environment of the caller's conda.
#
# Usage:   install-python-packages.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1, PEI_DOWNLOAD_MIRROR, proxies, the settings of conda and pip
# Root:    no, where the environment is the caller's
# Network: conda.anaconda.org, a Python package index, download.openmmlab.com
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
stage_1="${PEI_STAGE_DIR_1:-${here}/../../stage-1}"
# shellcheck source=../../stage-1/lib/pei.sh
source "${stage_1}/lib/pei.sh"
# shellcheck source=../../stage-1/lib/vision.sh
source "${stage_1}/lib/vision.sh"

# These versions belong together: mmcv is compiled for one PyTorch and one CUDA, and that PyTorch for the first generation of
# NumPy. They exist for Python 3.10 to 3.12.
readonly MMCV=2.2.0 TORCH_SERIES=2.3
readonly CONDA_PACKAGES=(pytorch=2.3.1 torchvision=0.18.1 torchaudio=2.3.1)
readonly PIP_PACKAGES=(
  albumentations==2.0.8 timm==1.0.31 torchshow==0.5.2 torchmetrics==1.9.0 einops==0.8.2 imageio==2.38.0 scipy==1.15.3
  scikit-learn==1.7.2 scikit-image==0.25.2 matplotlib==3.10.9 pandas==2.3.3 ipykernel==7.3.0
  opencv-contrib-python==4.11.0.86 numpy==1.26.4
)

declare_options() {
  pei_args_begin install-python-packages.sh "Install PyTorch and packages for machine learning into a conda environment."
  pei_args_path conda-dir '' 'where conda is (default: the conda on PATH, else /opt/miniconda3)'
  pei_args_value env NAME base 'the environment'
  pei_args_choice cuda 12.1 '11.8|12.1' 'for which CUDA'
  pei_args_choice pypi-repo official 'tuna|aliyun|official|URL' "pip's index"
  pei_args_url channel-base https://conda.anaconda.org 'where the channels pytorch and nvidia are'
  pei_args_url mmcv-base https://download.openmmlab.com/mmcv/dist 'where mmcv is'
  pei_args_note 'Root: no, where the environment is yours. Network: the places named above.'
}

# The conda to use, or nothing.
find_conda() {
  local dir
  dir="$(pei_arg conda-dir)"
  if [[ -z "${dir}" ]]; then
    if type -P conda; then return 0; fi
    dir=/opt/miniconda3
  fi
  if [[ -x "${dir}/bin/conda" ]]; then printf '%s\n' "${dir}/bin/conda"; fi
}

dali_package() {
  case "$1" in
    11.*) printf 'nvidia-dali-cuda110==1.34.0\n' ;;
    *) printf 'nvidia-dali-cuda120==2.4.0\n' ;;
  esac
}

mmcv_page() { printf '%s/cu%s/torch%s/index.html\n' "$(pei_arg mmcv-base)" "${1/./}" "${TORCH_SERIES}"; }

in_env() { "${conda}" run --no-capture-output -n "${environment}" "$@"; }

# Checks the environment itself: it must have one module of each group.
in_place() {
  in_env python -c '
import importlib.metadata as m, sys
names = sys.argv[2:]
sys.exit(m.version("mmcv") != sys.argv[1] or not all(m.version(name) for name in names))
' "${MMCV}" torch torchvision torchaudio timm torchmetrics opencv-contrib-python "$(dali_package "${cuda}" | cut -d= -f1)" >/dev/null 2>&1
}

plan() {
  pei_plan "install into ${environment} with conda, from $(pei_arg channel-base): ${CONDA_PACKAGES[*]} pytorch-cuda=${cuda}"
  pei_plan "install into ${environment} with pip, from $(pei_arg pypi-repo): ${PIP_PACKAGES[*]} $(dali_package "${cuda}")"
  pei_plan "install into ${environment} with pip, from $(mmcv_page "${cuda}"): mmcv==${MMCV}"
}

pip_install() { in_env python -m pip install --no-input "$@" >&2; }

# conda_install CHANNEL_BASE
conda_install() {
  "${conda}" install -y -n "${environment}" -c "$1/pytorch" -c "$1/nvidia" "${CONDA_PACKAGES[@]}" "pytorch-cuda=${cuda}" </dev/null >&2
}

# The mirror first, and alone: conda gives up when one of its channels is out of reach.
install_pytorch() {
  local base mirrored
  base="$(pei_arg channel-base)"
  mirrored="$(pei_mirrored "${base}")"
  if [[ "${mirrored}" != "${base}" ]]; then
    if conda_install "${mirrored}"; then return 0; fi
    pei_log_warn 'conda could not install from PEI_DOWNLOAD_MIRROR; trying without it'
  fi
  conda_install "${base}"
}

install_all() {
  local page repo
  local -a pages=()
  repo="$(pei_arg pypi-repo)"
  page="$(mmcv_page "${cuda}")"
  if [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]]; then pages=(--find-links "$(pei_mirrored "${page}")"); fi

  install_pytorch
  vision_pip "${repo}" pip_install "${PIP_PACKAGES[@]}" "$(dali_package "${cuda}")"
  vision_pip "${repo}" pip_install "${pages[@]}" --find-links "${page}" "mmcv==${MMCV}"
}

# Records the versions that the environment has.
record_packages() {
  local name version
  [[ -n "${PEI_RECORD-}" ]] || return 0
  while read -r name version; do
    pei_record pypi name="${name}" environment="${environment}" -- version="${version}"
  done < <(in_env python -c '
import importlib.metadata as m, sys
for name in sys.argv[1:]:
    print(name, m.version(name))
' torch torchvision torchaudio "${PIP_PACKAGES[@]%%=*}" "$(dali_package "${cuda}" | cut -d= -f1)" mmcv)
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local conda environment cuda
  conda="$(find_conda)"
  environment="$(pei_arg env)"
  cuda="$(pei_arg cuda)"
  if [[ -n "${conda}" ]] && ! pei_arg_on force && in_place; then
    pei_log_info "everything is already in ${environment}"
    return 0
  fi
  if pei_arg_on dry-run; then
    plan
    return 0
  fi

  [[ -n "${conda}" ]] || pei_die 'there is no conda; install-miniconda.sh installs one, --conda-dir names one'
  if [[ "$(pei_arch)" != amd64 ]]; then
    pei_die 'PyTorch for CUDA from these channels exists for amd64 only'
  fi
  install_all
  record_packages
  pei_log_info "everything is in ${environment}"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
