#!/usr/bin/env bats
# shellcheck disable=SC2154 # status and output are set by bats
# The recipe of docs/scripts.md: what `--dry-run` names is fetched outside and served inside, so it has to be all of it.
load ../support/common

setup() {
  quick_downloads
  start_server
  fake_home "$(id -un)"
  export HOME="$FAKE_HOME"
  unset PEI_STAGE_DIR_1 PEI_DOWNLOAD_MIRROR
}

teardown() { stop_server; }

# The addresses that the recipe's command finds, as a stand-in server sees them.
named() { bash "$1" --dry-run | grep -oE 'https://[^ ]+' | sort -u | sed 's|https:/||'; }

@test "a run asks the stand-in server for nothing that the dry run does not name" {
  local script wanted asked
  for script in uv/install-uv.sh bun/install-bun.sh pixi/install-pixi.bash conda/install-miniconda.sh; do
    wanted="$(named "$SYSTEM/$script")"
    : >"$SERVER_LOG"
    # Nobody answers at the vendors' own places, whatever network there is.
    PEI_DOWNLOAD_MIRROR="$SERVER" https_proxy=http://127.0.0.1:9 run bash "$SYSTEM/$script"
    [ "$status" -eq 1 ]
    asked="$(sed 's/^GET //' "$SERVER_LOG" | sort -u)"
    [ "$asked" != '' ]
    [ "$(comm -13 <(printf '%s\n' "$wanted") <(printf '%s\n' "$asked"))" = '' ] || {
      printf '%s\n' "$script" named "$wanted" asked "$asked" >&2
      return 1
    }
  done
}
