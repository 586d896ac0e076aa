# shellcheck shell=bash
# What the scripts for graphics and computer vision share. Sourced after lib/pei.sh; definitions only.

# vision_apt_install REQUIRED… -- OPTIONAL…: installs packages with apt. A required package that this release does not
# have is an error before anything changes, an optional one is left out with a message.
vision_apt_install() {
  local -a wanted=()
  while (($# > 0)) && [[ "$1" != -- ]]; do
    wanted+=("$1")
    shift
  done
  shift
  pei_apt_check "${wanted[@]}" || return 1
  while (($# > 0)); do
    if pei_apt_installed "$1" || pei_apt_available "$1"; then
      wanted+=("$1")
    else
      pei_log_info "skipping $1: this release does not have it"
    fi
    shift
  done
  pei_apt_install "${wanted[@]}"
}

# __vision_host URL: its host and port.
__vision_host() {
  local host="${1#*://}"
  host="${host%%/*}"
  printf '%s\n' "${host##*@}"
}

# vision_pip tuna|aliyun|official|URL COMMAND…: runs COMMAND, an installation by pip, with the options for that index.
# Without an index the caller's own settings are used. PEI_DOWNLOAD_MIRROR is tried first, as the only index: with two,
# pip would ask both for every package, and wait each time for one that cannot be reached.
vision_pip() {
  local index='' mirrored
  local -a trusted=()
  case "$1" in
    tuna) index=https://pypi.tuna.tsinghua.edu.cn/simple ;;
    aliyun) index=https://mirrors.aliyun.com/pypi/simple ;;
    official) ;;
    *) index="$1" ;;
  esac
  shift
  if [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]]; then
    mirrored="$(pei_mirrored "${index:-https://pypi.org/simple}")"
    # pip refuses a server without a certificate unless --trusted-host names it. The person who set the variable trusts it.
    if [[ "${PEI_DOWNLOAD_MIRROR}" == http://* ]]; then trusted=(--trusted-host "$(__vision_host "${PEI_DOWNLOAD_MIRROR}")"); fi
    if "$@" --index-url "${mirrored}" "${trusted[@]}"; then return 0; fi
    pei_log_warn 'pip could not install from PEI_DOWNLOAD_MIRROR; trying without it'
  fi
  "$@" ${index:+--index-url "${index}"}
}
