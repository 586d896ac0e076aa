#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

RELEASE=github.com/oven-sh/bun/releases/download

setup() {
  command -v unzip >/dev/null || skip 'needs unzip'
  quick_downloads
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  unset PEI_STAGE_DIR_1 BUN_INSTALL
  fake_home "$(id -un)"
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
  NAME=bun-linux-x64
  grep -qw avx2 /proc/cpuinfo || NAME=bun-linux-x64-baseline
  [[ "$(uname -m)" != aarch64 ]] || NAME=bun-linux-aarch64
}

teardown() { stop_server; }

bun() { bash "$SYSTEM/bun/install-bun.sh" "$@"; }

# serve_release VERSION
serve_release() {
  local dir="$SERVED/$RELEASE/bun-v$1"
  mkdir -p "$dir"
  fake_program "$BATS_TEST_TMPDIR/$NAME/bun" "$1"
  (cd "$BATS_TEST_TMPDIR" && python3 -m zipfile -c "$dir/$NAME.zip" "$NAME")
  sums "$dir" "$NAME.zip" >"$dir/SHASUMS256.txt"
}

VENDOR='mkdir -p "$BUN_INSTALL/bin"; printf "#!/bin/sh\necho %s\n" "${1#bun-v}" >"$BUN_INSTALL/bin/bun"; chmod +x "$BUN_INSTALL/bin/bun"; echo "$SHELL|$GITHUB|$*" >"$BUN_INSTALL/said"'

nothing_happened() {
  [ "$(ls -A "$FAKE_HOME")" = .bashrc ]
  [ "$(cat "$FAKE_HOME/.bashrc")" = 'alias mine=1' ]
}

@test "the pinned release, its PATH, and a second run that does nothing" {
  version="$(lib_run 'pei_version bun')"
  serve_release "$version"
  bun
  [ "$("$FAKE_HOME/.bun/bin/bun" --version)" = "prog $version" ]
  [ "$(readlink "$FAKE_HOME/.bun/bin/bunx")" = bun ]
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'command -v bun; echo "$BUN_INSTALL"'
  [[ "$output" == *"$FAKE_HOME/.bun/bin/bun"* ]]
  before="$(snapshot "$FAKE_HOME")"
  : >"$SERVER_LOG"
  run bun
  [ "$status" -eq 0 ]
  [[ "$output" == *'installed already'* ]]
  [ "$(snapshot "$FAKE_HOME")" = "$before" ]
  [ ! -s "$SERVER_LOG" ]
}

@test "another version replaces it, --force fetches again" {
  serve_release 1.0.1
  serve_release 1.0.2
  bun --version 1.0.1
  bun --version=v1.0.2
  [ "$("$FAKE_HOME/.bun/bin/bun" --version)" = 'prog 1.0.2' ]
  : >"$SERVER_LOG"
  bun --version 1.0.2
  [ ! -s "$SERVER_LOG" ]
  bun --version 1.0.2 --force
  [ -s "$SERVER_LOG" ]
}

@test "latest" {
  serve_release 9.9.9
  mkdir -p "$SERVED/github.com/oven-sh/bun/releases/latest"
  cp -r "$SERVED/$RELEASE/bun-v9.9.9" "$SERVED/github.com/oven-sh/bun/releases/latest/download"
  bun --version latest
  [ "$("$FAKE_HOME/.bun/bin/bun" --version)" = 'prog 9.9.9' ]
}

@test "a mirror that serves another file is refused: nothing left, and the vendor's script is not tried" {
  serve_release 1.0.1
  echo "$(printf '%064d' 0)  $NAME.zip" >"$SERVED/$RELEASE/bun-v1.0.1/SHASUMS256.txt"
  serve bun.sh/install "$VENDOR"
  run bun --version 1.0.1
  [ "$status" -eq 1 ]
  nothing_happened
  # The sum that somebody gives holds, whatever the mirror publishes.
  serve_release 1.0.1
  run bun --version 1.0.1 --sha256 "$(printf '%064d' 0)"
  [ "$status" -eq 1 ]
  [[ "$output" == *"expected $(printf '%064d' 0)"* ]]
  nothing_happened
  refute grep -q bun.sh/install "$SERVER_LOG"
  bun --version 1.0.1 --sha256 "$(sha256sum "$SERVED/$RELEASE/bun-v1.0.1/$NAME.zip" | cut -d' ' -f1)"
  [ "$("$FAKE_HOME/.bun/bin/bun" --version)" = 'prog 1.0.1' ]
}

@test "nothing to be had: status 1, nothing left, and the vendor's script is not tried" {
  serve bun.sh/install "$VENDOR"
  run bun
  [ "$status" -eq 1 ]
  nothing_happened
}

@test "a broken archive or program: status 1, nothing left" {
  serve_release 1.0.1
  echo garbage >"$SERVED/$RELEASE/bun-v1.0.1/$NAME.zip"
  sums "$SERVED/$RELEASE/bun-v1.0.1" "$NAME.zip" >"$SERVED/$RELEASE/bun-v1.0.1/SHASUMS256.txt"
  run bun --version 1.0.1
  [ "$status" -eq 1 ]
  nothing_happened
}

@test "the vendor's script runs where it is asked for, and leaves rc files alone; another one does not" {
  serve bun.sh/install "$VENDOR"
  run bun --version 1.2.3 --installer-url https://bun.sh/install --sha256 "$(printf '%064d' 0)"
  [ "$status" -eq 1 ]
  nothing_happened
  bun --version 1.2.3 --installer-url https://bun.sh/install --sha256 "$(sha256sum "$SERVED/bun.sh/install" | cut -d' ' -f1)"
  [ "$(cat "$FAKE_HOME/.bun/said")" = "/bin/sh|$SERVER/github.com|bun-v1.2.3" ]
  grep -q '>>> pei bun >>>' "$FAKE_HOME/.bashrc"
}

@test "an own install script; one that fails, breaks off or does nothing leaves no trace" {
  serve mine.sh "$VENDOR"
  bun --installer-url "$SERVER/mine.sh" --install-dir "$BATS_TEST_TMPDIR/it's \$here"
  [ "$(cat "$BATS_TEST_TMPDIR/it's \$here/said")" = "/bin/sh|$SERVER/github.com|" ]
  run env -i HOME="$FAKE_HOME" PATH=/usr/bin:/bin bash -lc 'command -v bun'
  [[ "$output" == *"/it's \$here/bin/bun" ]]
  rm -rf "$FAKE_HOME"
  mkdir "$FAKE_HOME"
  echo 'alias mine=1' >"$FAKE_HOME/.bashrc"
  serve fails.sh "$VENDOR; exit 4"
  serve idle.sh 'true'
  local script
  for script in fails.sh idle.sh truncated.sh empty.sh none.sh; do
    run bun --installer-url "$SERVER/$script"
    [ "$status" -eq 1 ]
    nothing_happened
  done
}

@test "the registry: only [install] of .bunfig.toml" {
  serve_release 1.0.1
  printf '%s\n' '[install.scopes]' 'a = { registry = "x" }' '[install]' 'registry = "old"' >"$FAKE_HOME/.bunfig.toml"
  bun --version 1.0.1
  grep -q old "$FAKE_HOME/.bunfig.toml"
  bun --npm-repo https://npm.example/
  [ "$(cat "$FAKE_HOME/.bunfig.toml")" = "$(printf '%s\n' '[install.scopes]' 'a = { registry = "x" }' '[install]' 'registry = "https://npm.example/"')" ]
}

@test "another directory replaces the block" {
  serve_release 1.0.1
  bun --version 1.0.1
  bun --version 1.0.1 --install-dir "$FAKE_HOME/other"
  [ "$(grep -c '>>> pei bun >>>' "$FAKE_HOME/.bashrc")" -eq 1 ]
  grep -q "BUN_INSTALL='$FAKE_HOME/other'" "$FAKE_HOME/.bashrc"
}

@test "for another user, everything is that user's" {
  ((EUID == 0)) || skip 'needs root'
  fake_home nobody
  chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." 2>/dev/null || true
  stub getent "
case \"\$*\" in
  'passwd -- nobody') printf '%s\\n' 'nobody:x:65534:65534::$FAKE_HOME:/bin/bash' ;;
  *) exec /usr/bin/getent \"\$@\" ;;
esac"
  chown nobody "$FAKE_HOME"
  serve_release 1.0.1
  bun --version 1.0.1 --user nobody
  [ -z "$(find "$FAKE_HOME" -not -user nobody)" ]
}
