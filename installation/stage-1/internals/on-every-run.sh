#!/bin/bash
# Runs a stage's every-run hooks. Run by on-entry.sh.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/on-every-run.sh"
# shellcheck source=installation/stage-1/lib/start.sh
source "${here}/../../stage-1/lib/start.sh"

pei_every_run "${here%/internals}"
