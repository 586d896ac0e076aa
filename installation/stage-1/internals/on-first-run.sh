#!/bin/bash
# Runs a stage's first-run hooks until each of them has succeeded once. Run by on-entry.sh.
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/on-first-run.sh"
# shellcheck source=installation/stage-1/lib/start.sh
source "${here}/../../stage-1/lib/start.sh"

pei_first_run "${here%/internals}"
