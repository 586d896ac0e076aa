#!/usr/bin/env bash
# Installs the Bun runtime for one user.
#
# Reads: PEI_DOWNLOAD_MIRROR, proxies. Root: only for another user. Network: github.com, or the mirror.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

declare_options() {
  pei_args_begin install-bun.sh 'Install the Bun runtime for one user.'
  pei_args_value user NAME '' 'who gets it (default: the caller)'
  pei_args_path install-dir '' 'where it goes (default: ~/.bun)'
  pei_args_value version VERSION "$(pei_version bun)" 'which version, or latest'
  pei_args_url npm-repo '' 'npm registry for bun, kept in ~/.bunfig.toml (default: not changed)'
  pei_args_choice installer-url official 'official|cn|URL' 'official: the release archive; URL: an install script, such as https://bun.sh/install'
  pei_args_value sha256 SUM '' 'what the sum of the download must be (default: the published one; a script has none)'
  pei_args_note 'Present already: nothing is downloaded, unless --version asks for another one or --force is given.'
}

# The builds differ by processor; without AVX2 the usual one crashes.
release_name() {
  case "$(pei_arch)" in
    arm64) printf 'bun-linux-aarch64\n' ;;
    *)
      if grep -qw avx2 /proc/cpuinfo; then
        printf 'bun-linux-x64\n'
      else
        printf 'bun-linux-x64-baseline\n'
      fi
      ;;
  esac
}

release_url() { printf '%s/%s\n' "$(pei_release_base "${VERSION}" "bun-v${VERSION}" oven-sh/bun)" "$1"; }

from_release() { [[ "${INSTALLER}" == official || "${INSTALLER}" == cn ]]; }

plan() {
  if from_release; then
    pei_plan_download --url "$(release_url "$(release_name).zip")" --to "${DIR}/bin/bun"
    printf '  checked against %s\n' "$(release_url SHASUMS256.txt)"
    return 0
  fi
  pei_plan "fetch $(pei_mirrored "${INSTALLER}") to a file and run it as ${USER_NAME}, with BUN_INSTALL=${DIR}"
}

install_from_release() {
  local name
  name="$(release_name)"
  pei_ensure_command unzip
  pei_download --url "$(release_url "${name}.zip")" --to "${PEI_TMP_DIR}/bun.zip" \
    --sha256 "$(pei_arg sha256)" --sums-url "$(release_url SHASUMS256.txt)" --version "${VERSION}" || return 1
  unzip -q -o "${PEI_TMP_DIR}/bun.zip" -d "${PEI_TMP_DIR}" || pei_die "${name}.zip cannot be unpacked"
  pei_check_program "${PEI_TMP_DIR}/${name}/bun"
  pei_place_program "${USER_NAME}" "${PEI_TMP_DIR}/${name}/bun" "${DIR}/bin/bun" || pei_die "cannot write ${DIR}/bin/bun"
}

install_from_script() {
  local -a arguments=()
  # A script of the caller may not know this argument.
  if pei_arg_given version; then
    [[ "${VERSION}" == latest ]] || arguments=("bun-v${VERSION}")
  fi
  pei_ensure_command unzip
  pei_make_dir "${USER_NAME}" "${DIR}" || pei_die "cannot create ${DIR}"
  # With this SHELL the vendor's script edits no rc file: this script writes them below, once.
  pei_run_vendor_script --url "${INSTALLER}" --sha256 "$(pei_arg sha256)" --user "${USER_NAME}" -- \
    BUN_INSTALL="${DIR}" SHELL=/bin/sh GITHUB="$(pei_mirrored https://github.com)" \
    ${arguments[@]+"${arguments[@]}"} || return 1
  [[ -x "${DIR}/bin/bun" ]] || {
    pei_log_error "the install script left no ${DIR}/bin/bun"
    return 1
  }
}

install_bun() {
  if [[ "${INSTALLER}" == cn ]]; then
    pei_log_warn 'bun has no mirror in China; the official one is used'
  fi
  pei_tmp_dir_init
  pei_undo_note "${DIR}/bin/bun"
  if from_release; then
    install_from_release || pei_die 'bun is not installed'
    return 0
  fi
  install_from_script || {
    pei_undo
    pei_die 'bun is not installed'
  }
}

configure_shells() {
  { pei_env_var_line BUN_INSTALL "${DIR}" && pei_env_path_line "${DIR}/bin"; } | pei_env_for_user "${USER_NAME}" bun \
    || pei_die 'cannot write the rc files'
  if [[ ! -e "${DIR}/bin/bunx" ]]; then
    pei_as_owner_of "${DIR}/bin" ln -s bun "${DIR}/bin/bunx"
  fi
  if pei_arg_given npm-repo; then
    pei_toml_set "${USER_HOME}/.bunfig.toml" install registry "$(pei_toml_quote "$(pei_arg npm-repo)")" \
      || pei_die "cannot write ${USER_HOME}/.bunfig.toml"
  fi
}

# Whether the installed version is the requested one.
is_satisfied() {
  [[ -x "${DIR}/bin/bun" ]] && ! pei_arg_on force || return 1
  ! pei_arg_given version || [[ "${VERSION}" == latest || "$(pei_program_version "${DIR}/bin/bun")" == "${VERSION}" ]]
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  USER_NAME="$(pei_resolve_target_user "$(pei_arg user)")"
  USER_HOME="$(pei_user_home "${USER_NAME}")"
  DIR="$(pei_arg install-dir)"
  DIR="${DIR:-${USER_HOME}/.bun}"
  INSTALLER="$(pei_arg installer-url)"
  VERSION="$(pei_arg version)"
  pei_require_version "${VERSION}"
  VERSION="${VERSION#v}"

  if is_satisfied; then
    pei_log_info "bun is installed already in ${DIR}; nothing to download"
    pei_arg_on dry-run || configure_shells
    return 0
  fi
  if pei_arg_on dry-run; then
    plan
    pei_plan "add ${DIR}/bin to PATH in the rc files of ${USER_NAME}"
    return 0
  fi
  install_bun
  pei_record_program bun "${DIR}/bin/bun"
  configure_shells
  pei_log_info "bun $(pei_program_version "${DIR}/bin/bun" || printf '(of unknown version)') is in ${DIR}"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
