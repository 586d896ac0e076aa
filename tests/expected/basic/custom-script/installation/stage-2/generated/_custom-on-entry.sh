#!/bin/bash
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Runs stage_2.custom.on_entry.
# Runs the script as the container's main process, with the configured arguments and then those of the container's command.
# shellcheck disable=SC1003,SC1112,SC2016,SC2088
set -uo pipefail
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ "${PEI_ENTRYPOINT_VERBOSE:-}" != 1 ]] || printf '%s\n' "${here}/${BASH_SOURCE[0]##*/}"

target="${PEI_STAGE_DIR_2:-${here}/..}/../"'stage-2/custom/hello.sh'
if [[ ! -f "${target}" ]]; then
  printf 'Custom on-entry target script not found: %s\n' "${target}" >&2
  exit 1
fi
pei_interpreter=()
# shellcheck source=/dev/null
source "${here}/../../stage-1/lib/hook.sh"
pei_find_interpreter "${target}"
runtime=("$@")
# A variable that is unset is empty, as it would be for a line typed in a shell.
set +u --
eval "set -- "'on_entry "data are in $PEI_SOFT_DATA"'
set -u
exec "${pei_interpreter[@]}" "${target}" "$@" "${runtime[@]}"
