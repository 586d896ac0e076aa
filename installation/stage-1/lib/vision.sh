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

# vision_index_options tuna|aliyun|official|URL: pip's options for the index, a line each. The caller's own settings
# hold where none is asked for.
vision_index_options() {
  local index=''
  case "$1" in
    tuna) index=https://pypi.tuna.tsinghua.edu.cn/simple ;;
    aliyun) index=https://mirrors.aliyun.com/pypi/simple ;;
    official) ;;
    *) index="$1" ;;
  esac
  if [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]]; then
    printf '%s\n' --index-url "$(pei_mirrored "${index:-https://pypi.org/simple}")" \
      --extra-index-url "${index:-https://pypi.org/simple}"
    # pip takes nothing from a server without a certificate unless told to; who set the variable has.
    if [[ "${PEI_DOWNLOAD_MIRROR}" == http://* ]]; then printf '%s\n' --trusted-host "$(__vision_host "${PEI_DOWNLOAD_MIRROR}")"; fi
  elif [[ -n "${index}" ]]; then
    printf '%s\n' --index-url "${index}"
  fi
}
