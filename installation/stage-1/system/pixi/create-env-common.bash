#!/usr/bin/env bash
# Install common Python packages with pixi for every user who has it.
#
# Root: to act for all users; others act for themselves. Network: conda-forge, or the mirror in pixi's configuration.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=pixi-utils.bash
source "${here}/pixi-utils.bash"
# shellcheck source=pixi-env.bash
source "${here}/pixi-env.bash"

# shellcheck disable=SC2034 # pixi-env.bash reads it
PACKAGES=(
  scipy click attrs omegaconf rich networkx ipykernel
)

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  pixi_env_main create-env-common.bash common 'Install common Python packages with pixi for every user who has it.' "$@"
fi
