#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

setup() {
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  unset PEI_STAGE_DIR_1 XDG_CONFIG_HOME
  fake_home "$(id -un)"
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
  DIR="$FAKE_HOME/bin"
}

teardown() { stop_server; }

uv() { bash "$SYSTEM/uv/install-uv.sh" "$@"; }

serve_release() {
  local dir="$SERVED/github.com/astral-sh/uv/releases/download/$1" name
  name="uv-$(uname -m)-unknown-linux-gnu"
  mkdir -p "$dir"
  fake_program "$BATS_TEST_TMPDIR/$name/uv" "$1"
  fake_program "$BATS_TEST_TMPDIR/$name/uvx" "$1"
  tar -czf "$dir/$name.tar.gz" -C "$BATS_TEST_TMPDIR" "$name"
  sums "$dir" "$name.tar.gz" >"$dir/$name.tar.gz.sha256"
  ARCHIVE="$dir/$name.tar.gz"
}

VENDOR='mkdir -p "$UV_INSTALL_DIR"; printf "#!/bin/sh\necho uv 7.7.7\n" >"$UV_INSTALL_DIR/uv"; chmod +x "$UV_INSTALL_DIR/uv"; echo "$UV_NO_MODIFY_PATH $UV_INSTALLER_GITHUB_BASE_URL" >"$UV_INSTALL_DIR/said"'

nothing_happened() {
  [ "$(ls -A "$FAKE_HOME")" = .bashrc ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
}

@test "the pinned release, its PATH, and a second run that does nothing" {
  serve_release "$(lib_run 'pei_version uv')"
  uv --install-dir "$DIR" --pypi-repo tuna
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'uv x; uvx y'
  [ "$output" = $'ran: x\nran: y' ]
  before="$(snapshot "$FAKE_HOME")"
  : >"$SERVER_LOG"
  run uv --install-dir "$DIR" --pypi-repo=TUNA
  [ "$status" -eq 0 ]
  [[ "$output" == *'installed already'* ]]
  [ "$(snapshot "$FAKE_HOME")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "no archive; another file on the mirror; a broken archive: status 1, nothing left, and the vendor's script is not tried" {
  serve astral.sh/uv/install.sh "$VENDOR"
  run uv --install-dir "$DIR"
  [ "$status" -eq 1 ]
  nothing_happened
  serve_release 1.0.1
  serve astral.sh/uv/1.0.1/install.sh "$VENDOR"
  printf '%064d' 0 >"$ARCHIVE.sha256"
  run uv --install-dir "$DIR" --version 1.0.1
  [ "$status" -eq 1 ]
  nothing_happened
  echo garbage >"$ARCHIVE"
  sha256sum <"$ARCHIVE" >"$ARCHIVE.sha256"
  run uv --install-dir "$DIR" --version 1.0.1
  [ "$status" -eq 1 ]
  nothing_happened
  refute grep -qF astral.sh/ "$SERVER_LOG"
}

@test "the vendor's script runs where it is asked for; another one does not" {
  serve astral.sh/uv/install.sh "$VENDOR"
  run uv --install-dir "$DIR" --installer-url https://astral.sh/uv/install.sh --sha256 "$(printf '%064d' 0)"
  [ "$status" -eq 1 ]
  nothing_happened
  uv --install-dir "$DIR" --installer-url https://astral.sh/uv/install.sh --sha256 "$(sha256sum "$SERVED/astral.sh/uv/install.sh" | cut -d' ' -f1)"
  [ "$(cat "$DIR/said")" = "1 $SERVER/github.com" ]
}

@test "an own install script that fails or breaks off leaves no trace" {
  serve fails.sh "$VENDOR; exit 4"
  local script
  for script in fails.sh truncated.sh empty.sh none.sh; do
    run uv --install-dir "$DIR" --installer-url "$SERVER/$script"
    [ "$status" -eq 1 ]
    nothing_happened
  done
}

@test "the index: replaced, removed, never touched by a wrong word; the rest stays" {
  serve_release 1.0.1
  mkdir -p "$FAKE_HOME/.config/uv"
  file="$FAKE_HOME/.config/uv/uv.toml"
  printf '%s\n' 'native-tls = true' '[[index]]' 'url = "https://mine"' '[pip]' 'no-cache = true' >"$file"
  uv --install-dir "$DIR" --version 1.0.1
  grep -q https://mine "$file"
  run uv --install-dir "$DIR" --pypi-repo sohu
  [ "$status" -eq 2 ]
  grep -q https://mine "$file"
  uv --install-dir "$DIR" --pypi-repo aliyun
  [ "$(cat "$file")" = "$(printf '%s\n' 'native-tls = true' '[pip]' 'no-cache = true' '' '[[index]]' 'url = "https://mirrors.aliyun.com/pypi/simple"' 'default = true')" ]
  uv --install-dir "$DIR" --pypi-repo official
  [ "$(cat "$file")" = "$(printf '%s\n' 'native-tls = true' '[pip]' 'no-cache = true')" ]
}

@test "XDG_CONFIG_HOME counts for the caller" {
  serve_release 1.0.1
  XDG_CONFIG_HOME="$FAKE_HOME/xdg" uv --install-dir "$DIR" --version 1.0.1 --pypi-repo tuna
  [ -f "$FAKE_HOME/xdg/uv/uv.toml" ]
  [ ! -e "$FAKE_HOME/.config" ]
}

@test "for everyone: one download, each owns a copy, a second run does nothing" {
  ((EUID == 0)) || skip 'needs root'
  serve_release 1.0.1
  mkdir "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
  # Nothing is written for an account that cannot log in.
  chmod a+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
  chown nobody "$BATS_TEST_TMPDIR/b"
  passwd="root:x:0:0::$BATS_TEST_TMPDIR/a:/bin/bash
nobody:x:1234:65534::$BATS_TEST_TMPDIR/b:/bin/bash"
  stub getent "
case \"\$*\" in
  passwd) printf '%s\\n' '$passwd' ;;
  'passwd -- '*) grep \"^\$3:\" <<<'$passwd' ;;
  *) exec /usr/bin/getent \"\$@\" ;;
esac"
  bash "$SYSTEM/uv/install-uv-for-everyone.bash" --version 1.0.1 --mirror=aliyun
  [ "$(grep -c 'tar.gz$' "$SERVER_LOG")" -eq 1 ]
  [ -x "$BATS_TEST_TMPDIR/a/.local/bin/uv" ]
  [ -z "$(find "$BATS_TEST_TMPDIR/b" -not -user nobody)" ]
  grep -q 'index-url = "https://mirrors.aliyun.com/pypi/simple/"' "$BATS_TEST_TMPDIR/b/.config/uv/uv.toml"
  before="$(snapshot "$BATS_TEST_TMPDIR/a"; snapshot "$BATS_TEST_TMPDIR/b")"
  : >"$SERVER_LOG"
  bash "$SYSTEM/uv/install-uv-for-everyone.bash" --version 1.0.1 --mirror=aliyun
  [ "$(snapshot "$BATS_TEST_TMPDIR/a"; snapshot "$BATS_TEST_TMPDIR/b")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "for everyone: a failed download is a failure and leaves nothing" {
  ((EUID == 0)) || skip 'needs root'
  run bash "$SYSTEM/uv/install-uv-for-everyone.bash"
  [ "$status" -eq 1 ]
  nothing_happened
}
