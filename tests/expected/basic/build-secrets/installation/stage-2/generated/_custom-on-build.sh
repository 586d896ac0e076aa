#!/bin/bash
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Runs stage_2.custom.on_build in order: by hand; a build runs each hook as a step of its own.
# Reads: PEI_ENTRYPOINT_VERBOSE=1 (prints its own path first).
# The second text of each hook holds its arguments as typed. A shell reads it when the hook runs.
# shellcheck disable=SC1003,SC1112,SC2016,SC2088
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/${BASH_SOURCE[0]##*/}"
installation="$(cd -- "${here}/../.." && pwd)"
# shellcheck source=/dev/null
source "${installation}/stage-1/lib/hook.sh"

failed=0
pei_run_hook "${installation}" 'stage-2/custom/use-secrets.sh' '' || exit
exit "${failed}"
