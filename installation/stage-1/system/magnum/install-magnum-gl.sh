#!/usr/bin/env bash
# Builds Corrade and Magnum as Debian packages and installs them.
#
# Usage:   install-magnum-gl.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1, PEI_DOWNLOAD_MIRROR, proxies, PEI_PREFIX_ROOT (a directory instead of / to look for the result)
# Root:    yes
# Network: apt and github.com
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"

packages=(
  build-essential ca-certificates cmake debhelper fakeroot git
  libgl-dev libglfw3-dev libopenal-dev libsdl2-dev
)

declare_options() {
  pei_args_begin install-magnum-gl.sh 'Build the graphics library Magnum, and Corrade below it, and install them as Debian packages.'
  pei_args_path cache-dir '' 'directory for the build tree (default: $PEI_STAGE_DIR_1/tmp, else /tmp)'
  pei_args_value version REF "$(pei_version magnum)" 'a branch or tag of both repositories, or latest'
  pei_args_note 'Root: yes. Network: the apt sources and github.com.'
}

# Where a package of Corrade or Magnum puts its headers; other packages are called magnum too.
in_place() {
  [[ -e "${PEI_PREFIX_ROOT-}/usr/include/Corrade/Corrade.h" && -e "${PEI_PREFIX_ROOT-}/usr/include/Magnum/Magnum.h" ]]
}

plan() {
  local name
  pei_plan "install with apt, where missing: ${packages[*]}"
  for name in corrade magnum; do
    pei_plan "clone ${ref:-the default branch} to ${tree}/${name}, from the first that answers:"
    pei_download_places "https://github.com/mosra/${name}" | sed 's/^/  /'
  done
  pei_plan 'build Debian packages of both and install them'
}

# Builds and installs NAME; Magnum's build needs Corrade installed.
build() {
  local name="$1" file package
  local -a built
  ln -s package/debian "${tree}/${name}/debian"
  pei_log_info "building ${name} at $(git -C "${tree}/${name}" rev-parse HEAD)"
  # Debian's build tools need a locale, and a minimal image has none.
  (cd -- "${tree}/${name}" && LC_ALL=C.UTF-8 dpkg-buildpackage --no-sign --build=binary >&2)
  mapfile -t built < <(find "${tree}" -maxdepth 1 -name "${name}*.deb" ! -name '*-dbgsym*' | sort)
  ((${#built[@]} > 0)) || pei_die "the build of ${name} made no package"
  for file in "${built[@]}"; do
    package="$(dpkg-deb --field "${file}" Package)"
    pei_apt_installed "${package}" || MAGNUM_NEW+=("${package}")
  done
  DEBIAN_FRONTEND=noninteractive dpkg -i "${built[@]}" >&2
}

# lib/tmp.sh calls this when the script ends, however it ends. One half of the pair is of no use, so what this run
# installed is removed if it fails.
pei_on_exit() {
  local status="$1"
  rm -rf -- "${MAGNUM_TREE:?}"
  if ((status != 0 && ${#MAGNUM_NEW[@]} > 0)); then
    dpkg --purge "${MAGNUM_NEW[@]}" >&2
  fi
}

main() {
  declare_options
  pei_args_parse "$@"
  pei_install_err_trap
  local cache tree ref
  cache="$(pei_cache_dir "$(pei_arg cache-dir)")"
  tree="${cache:-/tmp}/magnum-build"
  ref="$(pei_arg version)"
  if [[ "${ref}" == latest ]]; then ref=''; fi

  if in_place && ! pei_arg_on force; then
    pei_log_info 'Corrade and Magnum are already installed'
    return 0
  fi
  if pei_arg_on dry-run; then
    plan
    return 0
  fi

  pei_require_root
  pei_apt_install "${packages[@]}"
  pei_tmp_dir_init
  MAGNUM_TREE="${tree}" MAGNUM_NEW=()
  rm -rf -- "${tree}"
  mkdir -p -- "${tree}"
  # Clone both before the first build, which takes long: a missing repository should fail at once.
  pei_git_clone --url https://github.com/mosra/corrade --to "${tree}/corrade" ${ref:+--ref "${ref}"}
  pei_git_clone --url https://github.com/mosra/magnum --to "${tree}/magnum" ${ref:+--ref "${ref}"}
  build corrade
  build magnum
  pei_log_info 'Corrade and Magnum are installed'
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
