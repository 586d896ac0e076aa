#!/usr/bin/env bash
# Stage-2 entry for `stage-1/system/pixi/pixi-utils.bash`, a library: sources it into the current shell.
# Env: PEI_STAGE_DIR_1.

if [[ -z ${PEI_STAGE_DIR_1:-} ]]; then
  printf '%s: error: PEI_STAGE_DIR_1 is not set, so the stage-1 script cannot be found\n' 'pixi-utils.bash' >&2
  # shellcheck disable=SC2317 # `return` fails, and `exit` is reached, where the file is executed
  return 2 2>/dev/null || exit 2
fi

# shellcheck source=../../../stage-1/system/pixi/pixi-utils.bash
source "$PEI_STAGE_DIR_1/system/pixi/pixi-utils.bash"
