#!/usr/bin/env bash
# Generates a locale and makes it the default of login shells.
#
# Usage:   set-locale.sh [OPTIONS], see --help
# Reads:   PEI_ETC (a directory instead of /etc)
# Root:    yes
# Network: apt, when the package locales is missing
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=../lib/pei.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/pei.sh"
# shellcheck source=../lib/locale.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/locale.sh"

# Not when sourced by a test.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  pei_set_locale "$@"
fi
