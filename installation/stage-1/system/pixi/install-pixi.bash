#!/usr/bin/env bash
# Installs pixi, the conda-forge package manager, for one user.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user. Network: github.com, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

CONDA_FORGE='https://conda.anaconda.org/conda-forge'

declare_options() {
  pei_args_begin install-pixi.bash 'Install pixi, the conda-forge package manager, for one user.'
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_path install-dir '' "where it goes, and pixi's home with it (default: ~/.pixi)"
  pei_args_path cache-dir '' "pixi's package cache, kept as PIXI_CACHE_DIR (default: pixi's own)"
  pei_args_value version VERSION "$(pei_version pixi)" 'which version, or latest'
  pei_args_choice pypi-repo '' 'tuna|aliyun|official' "the PyPI index in pixi's configuration; official removes any (default: not changed)"
  pei_args_choice conda-repo '' 'tuna|official' "a mirror of conda-forge in pixi's configuration; official removes it (default: not changed)"
  pei_args_choice installer-url official 'official|cn|URL' 'official: the release archive; URL: an install script, such as https://pixi.sh/install.sh'
  pei_args_value sha256 SUM '' 'what the sum of the download must be (default: the published one; a script has none)'
  pei_args_note 'Present already: nothing is downloaded, unless --version asks for another one or --force is given.'
}

build() {
  case "$(pei_arch)" in
    arm64) printf 'aarch64\n' ;;
    *) printf 'x86_64\n' ;;
  esac
}

release_url() {
  printf '%s/pixi-%s-unknown-linux-musl.tar.gz\n' "$(pei_release_base "${VERSION}" "v${VERSION}" prefix-dev/pixi)" "$(build)"
}

from_release() { [[ "${INSTALLER}" == official || "${INSTALLER}" == cn ]]; }

plan() {
  if from_release; then
    pei_plan_download --url "$(release_url)" --to "${DIR}/bin/pixi"
    printf '  checked against %s.sha256\n' "$(release_url)"
  else
    pei_plan "fetch $(pei_mirrored "${INSTALLER}") to a file and run it as ${USER_NAME}, with PIXI_HOME=${DIR}"
  fi
  pei_plan "set PIXI_HOME and PATH in the rc files of ${USER_NAME}"
}

install_from_release() {
  local url
  url="$(release_url)"
  pei_download --url "${url}" --to "${PEI_TMP_DIR}/pixi.tar.gz" --sha256 "$(pei_arg sha256)" --sums-url "${url}.sha256" \
    --version "${VERSION}" || return 1
  tar -xzf "${PEI_TMP_DIR}/pixi.tar.gz" -C "${PEI_TMP_DIR}" || pei_die "${url##*/} cannot be unpacked"
  pei_check_program "${PEI_TMP_DIR}/pixi"
  pei_place_program "${USER_NAME}" "${PEI_TMP_DIR}/pixi" "${DIR}/bin/pixi" || pei_die "cannot write ${DIR}/bin/pixi"
}

install_from_script() {
  local -a variables=(PIXI_HOME="${DIR}" PIXI_NO_PATH_UPDATE=1)
  # With a script of the caller, --version is only passed on if it was given.
  if pei_arg_given version; then
    [[ "${VERSION}" == latest ]] || variables+=(PIXI_VERSION="v${VERSION}")
  fi
  variables+=(PIXI_REPOURL="$(pei_mirrored https://github.com/prefix-dev/pixi)")
  pei_make_dir "${USER_NAME}" "${DIR}" || pei_die "cannot create ${DIR}"
  pei_run_vendor_script --url "${INSTALLER}" --sha256 "$(pei_arg sha256)" --user "${USER_NAME}" -- "${variables[@]}" || return 1
  [[ -x "${DIR}/bin/pixi" ]] || {
    pei_log_error "the install script left no ${DIR}/bin/pixi"
    return 1
  }
}

install_pixi() {
  if [[ "${INSTALLER}" == cn ]]; then
    pei_log_warn 'pixi has no mirror in China; the official one is used'
  fi
  pei_tmp_dir_init
  pei_undo_note "${DIR}/bin/pixi"
  if from_release; then
    install_from_release || pei_die 'pixi is not installed'
  else
    install_from_script || pei_die 'pixi is not installed'
  fi
}

# Others may use what is in DIR, as far as the directories above let them.
open_dir() { chmod -R u+rwX,go+rX,go-w -- "${DIR}" || pei_die "cannot set the modes of ${DIR}"; }

configure_shells() {
  local cache_dir
  cache_dir="$(pei_arg cache-dir)"
  {
    # Without it pixi would look for its configuration and global tools in ~/.pixi.
    pei_env_var_line PIXI_HOME "${DIR}"
    [[ -z "${cache_dir}" ]] || pei_env_var_line PIXI_CACHE_DIR "${cache_dir}"
    pei_env_path_line "${DIR}/bin"
  } | pei_env_for_user "${USER_NAME}" pixi || pei_die 'cannot write the rc files'
  if [[ -n "${cache_dir}" ]]; then
    pei_make_dir "${USER_NAME}" "${cache_dir}" || pei_die "cannot create ${cache_dir}"
  fi
}

pypi_index() {
  case "$1" in
    tuna) printf '"https://pypi.tuna.tsinghua.edu.cn/simple"\n' ;;
    aliyun) printf '"https://mirrors.aliyun.com/pypi/simple"\n' ;;
    official) ;;
  esac
}

conda_mirror() {
  case "$1" in
    tuna) printf '["https://mirrors.tuna.tsinghua.edu.cn/anaconda/cloud/conda-forge"]\n' ;;
    official) ;;
  esac
}

configure_mirrors() {
  local file="${DIR}/config.toml"
  if pei_arg_given pypi-repo; then
    pei_toml_set "${file}" pypi-config index-url "$(pypi_index "$(pei_arg pypi-repo)")" || pei_die "cannot write ${file}"
  fi
  if pei_arg_given conda-repo; then
    pei_toml_set "${file}" mirrors "\"${CONDA_FORGE}\"" "$(conda_mirror "$(pei_arg conda-repo)")" || pei_die "cannot write ${file}"
  fi
}

# Whether the installed version is the requested one.
is_satisfied() {
  [[ -x "${DIR}/bin/pixi" ]] && ! pei_arg_on force || return 1
  ! pei_arg_given version || [[ "${VERSION}" == latest || "$(pei_program_version "${DIR}/bin/pixi")" == "${VERSION}" ]]
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  USER_NAME="$(pei_resolve_target_user "$(pei_arg user)")"
  DIR="$(pei_arg install-dir)"
  DIR="${DIR:-$(pei_user_home "${USER_NAME}")/.pixi}"
  INSTALLER="$(pei_arg installer-url)"
  VERSION="$(pei_arg version)"
  pei_require_version "${VERSION}"
  VERSION="${VERSION#v}"

  if is_satisfied; then
    pei_log_info "pixi is installed already in ${DIR}; nothing to download"
    if pei_arg_on dry-run; then return 0; fi
  elif pei_arg_on dry-run; then
    plan
    return 0
  else
    install_pixi
    pei_record_program pixi "${DIR}/bin/pixi"
    open_dir
  fi
  configure_mirrors
  configure_shells
  pei_log_info "pixi $(pei_program_version "${DIR}/bin/pixi" || printf '(of unknown version)') is in ${DIR}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
