#!/usr/bin/env bash
# Builds OpenCV and its contrib modules from source for CPU.
#
# Usage:   install-opencv-cpu.sh [OPTIONS], see --help
# Reads:   PEI_STAGE_DIR_1, PEI_DOWNLOAD_MIRROR, proxies
# Root:    yes
# Network: apt, and github.com unless the sources are in the cache directory
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/pei.sh"
# shellcheck source=../../lib/vision.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../../lib/vision.sh"
# shellcheck source=opencv-build.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/opencv-build.bash"

main() { pei_opencv_main install-opencv-cpu.sh cpu "$@"; }

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
