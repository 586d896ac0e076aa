#!/usr/bin/env bash
# Adds ROS 2's package source to apt.
#
# Usage:   setup-ros2-repo.sh [OPTIONS], see --help
# Reads:   PEI_HTTP_PROXY_1, PEI_DOWNLOAD_MIRROR, proxies, PEI_ETC (a directory instead of /etc)
# Root:    yes
# Network: raw.githubusercontent.com for the key, packages.ros.org or the mirror named
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

# The fingerprint of the key that signs the packages.
readonly ROS_KEY=C1CF6E31E6BADE8868B172B4F42ED6FBAB17C654

declare_options() {
  pei_args_begin setup-ros2-repo.sh "Add ROS 2's package source to apt. Ubuntu only."
  pei_args_choice repo ros2 'ros2|tuna|URL' 'where the packages come from'
  pei_args_url key-url https://raw.githubusercontent.com/ros/rosdistro/master/ros.key 'the key that signs them'
  pei_args_value key-fingerprint HEX "${ROS_KEY}" 'what its fingerprint must be'
  pei_args_note 'Root: yes. Network: the places named above.'
}

# The places to try, in order. Packages are signed, so plain HTTP is safe, if no secret.
places() {
  local repo
  repo="$(pei_arg repo)"
  case "${repo}" in
    ros2)
      pei_mirror_url https://packages.ros.org/ros2 || true
      printf '%s\n' https://packages.ros.org/ros2 http://packages.ros.org/ros2
      ;;
    tuna)
      pei_mirror_url https://mirrors.tuna.tsinghua.edu.cn/ros2 || true
      printf 'https://mirrors.tuna.tsinghua.edu.cn/ros2\n'
      ;;
    *)
      pei_mirror_url "${repo}" || true
      printf '%s\n' "${repo}"
      ;;
  esac
}

source_line() {
  printf 'deb [arch=%s signed-by=%s] %s/ubuntu %s main\n' "$(pei_arch)" "${keyring}" "${1%/}" "$(pei_distro_codename)"
}

# Whether apt already uses one of the places.
in_place() {
  local place
  [[ -s "${keyring}" && -f "${list}" ]] || return 1
  while IFS= read -r place; do
    if grep -qxF -- "$(source_line "${place}")" "${list}"; then return 0; fi
  done < <(places)
  return 1
}

fetch_key() {
  local wanted found
  pei_download --url "$(pei_arg key-url)" --to "${PEI_TMP_DIR}/key"
  wanted="$(pei_arg key-fingerprint)"
  wanted="${wanted// /}"
  found="$(pei_key_fingerprints "${PEI_TMP_DIR}/key")" || found=''
  [[ "${found}" == "${wanted^^}" ]] || pei_die "the key's fingerprint is \`${found:-none}\`, expected \`${wanted^^}\`"
  # apt reads a key by the name of its file: .gpg must be binary.
  gpg --homedir "${PEI_TMP_DIR}" --batch --yes --quiet --dearmor --output "${PEI_TMP_DIR}/key.gpg" "${PEI_TMP_DIR}/key" 2>/dev/null \
    || cp -- "${PEI_TMP_DIR}/key" "${PEI_TMP_DIR}/key.gpg"
}

add_source() {
  local place
  while IFS= read -r place; do
    if pei_apt_source_set --list "${list}" --line "$(source_line "${place}")" \
      --keyring "${keyring}" --key "${PEI_TMP_DIR}/key.gpg"; then
      pei_log_info "apt reads ${place}"
      return 0
    fi
  done < <(places)
  pei_die 'no place has the packages'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local list="${PEI_ETC:-/etc}/apt/sources.list.d/ros2.list" keyring="${PEI_KEYRINGS:-/usr/share/keyrings}/ros-archive-keyring.gpg"
  pei_require_supported_distro ubuntu:22.04 ubuntu:24.04
  if in_place && ! pei_arg_on force; then
    pei_log_info "${list} already names the source"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan 'install with apt, where missing: ca-certificates curl gpg'
    pei_plan_download --url "$(pei_arg key-url)" --to "${keyring}"
    pei_plan "write ${list}, with the first of these that answers:"
    places | sed 's/^/  /'
    return 0
  fi

  pei_require_root
  pei_use_stage_proxy "${PEI_HTTP_PROXY_1-}"
  pei_apt_install ca-certificates curl gpg
  pei_tmp_dir_init
  fetch_key
  add_source
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
