#!/bin/bash
# Runs the first-run and every-run hooks of one stage: that of the path under which it is called. finish-image.sh links it
# into each stage's directory. Run by entrypoint.sh.
# Reads: PEI_ENTRYPOINT_VERBOSE=1 (each script prints its own path).
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/on-entry.sh"

bash "${here}/on-first-run.sh"
bash "${here}/on-every-run.sh"
