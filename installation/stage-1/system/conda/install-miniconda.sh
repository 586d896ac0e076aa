#!/usr/bin/env bash
# Installs Miniconda into a shared directory and sets up the shells of its users.
#
# Usage:   install-miniconda.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1, PEI_DOWNLOAD_MIRROR, proxies
# Root:    yes, unless --user names the caller
# Network: repo.anaconda.com, or the mirror named
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"
# shellcheck source=conda-installer.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/conda-installer.bash"

main() { pei_conda_main install-miniconda.sh miniconda /opt/miniconda3 "$(pei_cache_dir)" - "$@"; }

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
