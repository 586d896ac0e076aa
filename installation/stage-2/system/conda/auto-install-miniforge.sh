#!/usr/bin/env bash
# Installs Miniforge into the app storage and sets up the shells of root and every user. An installer in
# $PEI_STAGE_DIR_2/tmp is used.
#
# Usage:   auto-install-miniforge.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1, PEI_STAGE_DIR_2, PEI_DOWNLOAD_MIRROR, proxies
# Root:    yes, unless --user names the caller
# Network: the vendor, or the mirror named
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
stage_1="${PEI_STAGE_DIR_1:-${here}/../../../stage-1}"
# shellcheck source=../../../stage-1/lib/pei.sh
source "${stage_1}/lib/pei.sh"
# shellcheck source=../../../stage-1/system/conda/conda-installer.bash
source "${stage_1}/system/conda/conda-installer.bash"

main() {
  local dir=/hard/image/app cache="${PEI_STAGE_DIR_2:-${here}/../..}/tmp"
  # A volume hides what the image holds at that place. Only a start hook sees one; a build uses the image's storage.
  if [[ -d /hard/volume/app ]]; then dir=/hard/volume/app; fi
  pei_conda_main auto-install-miniforge.sh miniforge "${dir}/miniforge" "${cache}" root "$@"
}

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
