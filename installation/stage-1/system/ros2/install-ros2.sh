#!/usr/bin/env bash
# Installs ROS 2 from the package source that setup-ros2-repo.sh adds.
#
# Usage:   install-ros2.sh [OPTIONS], see --help
# Reads:   none
# Root:    yes
# Network: apt
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

declare_options() {
  pei_args_begin install-ros2.sh 'Install ROS 2, its development tools and a minimal Nav2. Run setup-ros2-repo.sh first.'
  pei_args_value distro NAME '' "which ROS 2 (default: this release's long-term one, humble or jazzy)"
  pei_args_switch with-gui 'add RViz and rqt'
  pei_args_switch with-nav2-full 'add all of Nav2'
  pei_args_switch without-nav2 'leave the minimal Nav2 out'
  pei_args_note 'Root: yes. Network: the apt sources.'
}

# The ROS 2 releases for each Ubuntu; the first is the default.
distros_here() {
  case "$(pei_distro_version)" in
    22.04) printf '%s\n' humble iron ;;
    24.04) printf '%s\n' jazzy kilted rolling ;;
  esac
}

# The ROS 2 to install; fatal when it does not exist for this release.
choose_distro() {
  local wanted known
  wanted="$(pei_arg distro)"
  known="$(distros_here)"
  if [[ -z "${wanted}" ]]; then
    head -n 1 <<<"${known}"
    return 0
  fi
  grep -qxF -- "${wanted}" <<<"${known}" \
    || pei_die "there is no ROS 2 \`${wanted}\` for Ubuntu $(pei_distro_version), but ${known//$'\n'/, }"
  printf '%s\n' "${wanted}"
}

packages() {
  local ros="ros-$1"
  printf '%s\n' ros-dev-tools "${ros}-ros-base" "${ros}-rmw-cyclonedds-cpp" "${ros}-cyclonedds"
  if ! pei_arg_on without-nav2; then
    printf '%s\n' "${ros}-nav2-lifecycle-manager" "${ros}-nav2-util"
  fi
  if pei_arg_on with-gui; then printf '%s\n' "${ros}-rviz2" "${ros}-rqt"; fi
  if pei_arg_on with-nav2-full; then printf '%s\n' "${ros}-navigation2" "${ros}-nav2-bringup"; fi
}

# Robot models for Nav2's demos; their number differs between releases of ROS.
demo_packages() {
  local names
  pei_arg_on with-nav2-full || return 0
  names="$(apt-cache pkgnames "ros-$1-nav2-minimal-tb")"
  sort <<<"${names}" | sed '/^$/d'
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local distro names
  local -a wanted
  if pei_arg_on without-nav2 && pei_arg_on with-nav2-full; then
    # shellcheck disable=SC2016 # backticks are for the reader
    pei_usage_die 'options `--without-nav2` and `--with-nav2-full` contradict each other'
  fi
  pei_require_supported_distro ubuntu:22.04 ubuntu:24.04
  distro="$(choose_distro)"
  if [[ "${distro}" == rolling ]]; then pei_log_warn 'rolling changes all the time; a rebuild may bring other versions'; fi
  names="$(packages "${distro}")"
  mapfile -t wanted <<<"${names}"

  if [[ -z "$(pei_apt_missing "${wanted[@]}")" ]] && ! pei_arg_on force; then
    pei_log_info "ROS 2 ${distro} is already installed"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "install with apt: ${wanted[*]}"
    if pei_arg_on with-nav2-full; then pei_plan "install with apt: every ros-${distro}-nav2-minimal-tb*"; fi
    return 0
  fi

  pei_require_root
  pei_apt_check "${wanted[@]}" || pei_die 'is the package source there? setup-ros2-repo.sh adds it'
  names="$(demo_packages "${distro}")"
  if [[ -n "${names}" ]]; then mapfile -t -O "${#wanted[@]}" wanted <<<"${names}"; fi
  pei_apt_install "${wanted[@]}"
  pei_log_info "ROS 2 ${distro} is installed; \`source /opt/ros/${distro}/setup.bash\` makes a shell use it"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
