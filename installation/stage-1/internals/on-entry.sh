#!/bin/bash
# Prepares a container's start for one stage: what it does at a first and at every start. Which stage is said by the path
# under which it runs; finish-image.sh links it into each stage's directory. Run by entrypoint.sh.
# Reads: PEI_ENTRYPOINT_VERBOSE=1 (each script prints its own path).
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/on-entry.sh"

bash "${here}/on-first-run.sh"
bash "${here}/on-every-run.sh"
