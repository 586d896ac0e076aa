#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

setup() {
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  unset PEI_STAGE_DIR_1 PIXI_HOME
  fake_home "$(id -un)"
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
}

teardown() { stop_server; }

pixi() { bash "$SYSTEM/pixi/install-pixi.bash" "$@"; }

serve_release() {
  local dir="$SERVED/github.com/prefix-dev/pixi/releases/download/v$1" name
  name="pixi-$(uname -m)-unknown-linux-musl.tar.gz"
  mkdir -p "$dir"
  fake_program "$BATS_TEST_TMPDIR/dist/pixi" "$1"
  tar -czf "$dir/$name" -C "$BATS_TEST_TMPDIR/dist" pixi
  sums "$dir" "$name" >"$dir/$name.sha256"
  ARCHIVE="$dir/$name"
}

VENDOR='mkdir -p "$PIXI_HOME/bin"; printf "#!/bin/sh\necho pixi 7.7.7\n" >"$PIXI_HOME/bin/pixi"; chmod +x "$PIXI_HOME/bin/pixi"; echo "$PIXI_VERSION $PIXI_NO_PATH_UPDATE $PIXI_REPOURL" >"$PIXI_HOME/said"'

nothing_happened() {
  [ "$(ls -A "$FAKE_HOME")" = .bashrc ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
}

@test "the pinned release, its variables, and a second run that does nothing" {
  serve_release "$(lib_run 'pei_version pixi')"
  local -a options=(--install-dir "$FAKE_HOME/p" --cache-dir="$FAKE_HOME/c" --pypi-repo Tuna --conda-repo=tuna)
  pixi "${options[@]}"
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'command -v pixi; echo "$PIXI_HOME $PIXI_CACHE_DIR"'
  [ "$output" = "$FAKE_HOME/p/bin/pixi
$FAKE_HOME/p $FAKE_HOME/c" ]
  [ -d "$FAKE_HOME/c" ]
  before="$(snapshot "$FAKE_HOME")"
  : >"$SERVER_LOG"
  run pixi "${options[@]}"
  [[ "$output" == *'installed already'* ]]
  [ "$(snapshot "$FAKE_HOME")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "mirrors are also set when pixi is there already, into any file, and removed again" {
  fake_program "$FAKE_HOME/.pixi/bin/pixi" 1.0
  file="$FAKE_HOME/.pixi/config.toml"
  printf '%s\n' 'x = 1' '[mirrors]' '"https://other" = ["https://o"]' '[pypi-config]' 'index-url = "https://old"' 'extra-index-urls = [' '  "https://e"' ']' >"$file"
  pixi --pypi-repo aliyun --conda-repo tuna
  [ "$(cat "$file")" = "$(printf '%s\n' 'x = 1' '[mirrors]' '"https://conda.anaconda.org/conda-forge" = ["https://mirrors.tuna.tsinghua.edu.cn/anaconda/cloud/conda-forge"]' \
    '"https://other" = ["https://o"]' '[pypi-config]' 'index-url = "https://mirrors.aliyun.com/pypi/simple"' 'extra-index-urls = [' '  "https://e"' ']')" ]
  run pixi --pypi-repo sohu
  [ "$status" -eq 2 ]
  pixi --pypi-repo official --conda-repo official
  [ "$(cat "$file")" = "$(printf '%s\n' 'x = 1' '[mirrors]' '"https://other" = ["https://o"]' '[pypi-config]' 'extra-index-urls = [' '  "https://e"' ']')" ]
}

@test "nothing to be had, another file on the mirror, failing scripts: status 1, nothing left, and the vendor's script is not tried" {
  serve pixi.sh/install.sh "$VENDOR"
  run pixi
  [ "$status" -eq 1 ]
  nothing_happened
  serve_release 1.0.1
  printf '%064d' 0 >"$ARCHIVE.sha256"
  run pixi --version 1.0.1
  [ "$status" -eq 1 ]
  nothing_happened
  refute grep -q pixi.sh/ "$SERVER_LOG"
  serve fails.sh "$VENDOR; exit 4"
  local script
  for script in fails.sh truncated.sh empty.sh none.sh; do
    run pixi --installer-url "$SERVER/$script"
    [ "$status" -eq 1 ]
    nothing_happened
  done
}

@test "the vendor's script runs where it is asked for" {
  serve pixi.sh/install.sh "$VENDOR"
  pixi --version 1.2.3 --installer-url https://pixi.sh/install.sh
  [ "$(cat "$FAKE_HOME/.pixi/said")" = "v1.2.3 1 $SERVER/github.com/prefix-dev/pixi" ]
}

@test "environments: one global environment for who has pixi, a failure is a failure" {
  stub getent "
case \"\$*\" in
  passwd | 'passwd -- $(id -un)') printf '%s\\n' '$(id -un):x:$(id -u):0::$FAKE_HOME:/bin/bash' ;;
  *) exec /usr/bin/getent \"\$@\" ;;
esac"
  run bash "$SYSTEM/pixi/create-env-common.bash"
  [ "$status" -eq 1 ]
  [[ "$output" == *'no user has pixi'* ]]
  mkdir -p "$FAKE_HOME/.pixi/bin"
  printf '#!/bin/sh\n[ "$2" = list ] && exec cat %s/list; echo "$@" >>%s/log\n' "$FAKE_HOME" "$FAKE_HOME" >"$FAKE_HOME/.pixi/bin/pixi"
  chmod +x "$FAKE_HOME/.pixi/bin/pixi"
  bash "$SYSTEM/pixi/create-env-common.bash"
  [ "$(cat "$FAKE_HOME/log")" = 'global install --environment pei-common --expose python-common=python python scipy click attrs omegaconf rich networkx ipykernel' ]
  export PEI_RECORD="$BATS_TEST_TMPDIR/record" PEI_LOCKED_DIR="$BATS_TEST_TMPDIR"
  printf 'conda %s pei-common %s\n' "$(dpkg --print-architecture)" 'python 3.12.1' "$(dpkg --print-architecture)" 'rich 13.0' >"$PEI_LOCKED_DIR/downloads"
  bash "$SYSTEM/pixi/create-env-common.bash"
  [ "$(tail -n 1 "$FAKE_HOME/log")" = 'global install --environment pei-common --expose python-common=python python==3.12.1 scipy click attrs omegaconf rich==13.0 networkx ipykernel' ]
  sed -i '$d' "$FAKE_HOME/log"
  echo 'pei-common: scipy click attrs omegaconf rich networkx ipykernel' >"$FAKE_HOME/list"
  run bash "$SYSTEM/pixi/create-env-common.bash"
  [[ "$output" == *'nothing to do'* ]]
  [ "$(wc -l <"$FAKE_HOME/log")" -eq 1 ]
  printf '#!/bin/sh\nexit 3\n' >"$FAKE_HOME/.pixi/bin/pixi"
  run bash "$SYSTEM/pixi/create-env-ml.bash"
  [ "$status" -eq 1 ]
}

@test "pixi-utils: sourcing sets nothing but functions" {
  run bash -c 'a="$-$(shopt)"; before="$(export -p; export -f)"; source "$1"; [ "$a" = "$-$(shopt)" ] && [ "$before" = "$(export -p; export -f)" ]' _ "$SYSTEM/pixi/pixi-utils.bash"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "pixi-utils: users, their pixi, and words that stay words" {
  stub getent "
case \"\$*\" in
  passwd) printf '%s\\n' 'root:x:0:0::/root:/bin/bash' 'ann:x:1000:1000::$FAKE_HOME:/bin/bash' 'bot:x:1001:1001::$FAKE_HOME:/usr/sbin/nologin' ;;
  'passwd -- ann') printf '%s\\n' 'ann:x:1000:1000::$FAKE_HOME:/bin/bash' ;;
  'passwd -- $(id -un)') printf '%s\\n' '$(id -un):x:0:0::$FAKE_HOME:/bin/bash' ;;
  'shadow -- open') printf '%s\\n' 'open:\$6\$x\$y:1::::::' ;;
  'shadow -- locked') printf '%s\\n' 'locked:!\$6\$x\$y:1::::::' ;;
  'shadow -- '*) printf '%s\\n' 'x:*:1::::::' ;;
esac"
  fake_program "$FAKE_HOME/.pixi/bin/pixi" 1.0
  run bash -c 'source "$1"; get_all_users; find_user_pixi "$2"; run_as_user "$2" printf "<%s>" "a b" "*"; echo; run_as_user "$2" "echo one two"
    user_has_password open && ! user_has_password locked && ! user_has_password none && echo right
    PATH="${PATH%%:*}:/usr/bin:/bin"; setup_pixi_path "$2"; echo "$PATH"' _ "$SYSTEM/pixi/pixi-utils.bash" "$(id -un)"
  [ "$output" = "ann:$FAKE_HOME:1000:1000
$FAKE_HOME/.pixi/bin/pixi
<a b><*>
one two
right
$FAKE_HOME/.pixi/bin:${PATH%%:*}:/usr/bin:/bin" ]
}
