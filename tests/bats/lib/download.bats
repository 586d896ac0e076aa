#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() {
  quick_downloads
  unset PEI_DOWNLOAD_MIRROR PEI_STAGE_DIR_1
  start_server
  TO="$BATS_TEST_TMPDIR/out/file"
  mkdir "$BATS_TEST_TMPDIR/out"
}

teardown() {
  stop_server
  [[ -z "${TLS_PID-}" ]] || kill "$TLS_PID"
}

download() { lib_run 'pei_download "$@"' --to "$TO" "$@"; }

nothing_left() { [ -z "$(ls -A "$BATS_TEST_TMPDIR/out")" ]; }

sum_of() { sha256sum "$1" | cut -d' ' -f1; }

@test "good file, sum logged when it is not pinned" {
  serve good hello
  run download --url "$SERVER/good"
  [ "$status" -eq 0 ]
  [ "$(cat "$TO")" = hello ]
  [[ "$output" == *"sha256 $(sum_of "$SERVED/good") (not pinned)"* ]]
}

@test "404, truncated, slow, empty: status 1, nothing left, the old file stays" {
  local path
  for path in missing truncated slow empty; do
    run download --url "$SERVER/$path"
    [ "$status" -eq 1 ]
    nothing_left
  done
  echo old >"$TO"
  run download --url "$SERVER/missing"
  [ "$status" -eq 1 ]
  [ "$(cat "$TO")" = old ]
}

@test "the same with wget alone" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  local tool
  for tool in bash wget sha256sum cut mktemp dirname chmod mv rm sleep awk readlink mkdir cat; do
    ln -s "$(type -P "$tool")" "$BATS_TEST_TMPDIR/bin/$tool"
  done
  serve good hello
  # Given back at the end: bats itself needs more than these tools to note the time.
  local path whole_path="$PATH"
  export PATH="$BATS_TEST_TMPDIR/bin"
  download --url "$SERVER/good"
  [ "$(cat "$TO")" = hello ]
  rm "$TO"
  for path in missing truncated slow empty; do
    run download --url "$SERVER/$path"
    [ "$status" -eq 1 ]
    [ ! -e "$TO" ]
  done
  export PATH="$whole_path"
}

# start_tls_server: sets TLS, the address of a second server, which speaks https.
start_tls_server() {
  local dir="$BATS_TEST_TMPDIR"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1' \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
  cat "$dir/key.pem" "$dir/cert.pem" >"$dir/both.pem"
  export CURL_CA_BUNDLE="$dir/cert.pem" GIT_SSL_CAINFO="$dir/cert.pem" WGETRC="$dir/wgetrc"
  echo "ca_certificate = $dir/cert.pem" >"$WGETRC"
  python3 "${BATS_TEST_DIRNAME}/../support/server.py" "$SERVED" "$dir/tls-port" "$dir/tls-requests" "$dir/both.pem" 3>&- &
  TLS_PID=$!
  until [ -s "$dir/tls-port" ]; do sleep 0.1; done
  TLS="https://127.0.0.1:$(cat "$dir/tls-port")"
}

@test "no redirection leads from https to http, with curl, wget and git alike; one among https or among http does" {
  command -v openssl >/dev/null || skip 'needs openssl'
  start_tls_server
  serve good hello
  local stubbed="$BATS_TEST_TMPDIR/wget-alone" tool program
  mkdir "$stubbed"
  for tool in bash wget sha256sum cut mktemp dirname chmod mv rm sleep awk readlink mkdir cat; do
    ln -s "$(type -P "$tool")" "$stubbed/$tool"
  done
  for program in curl wget; do
    [ "$program" = curl ] || local whole_path="$PATH" PATH="$stubbed"
    download --url "$TLS/to/$TLS/good"
    download --url "$SERVER/to/$SERVER/good"
    download --url "$SERVER/to/$TLS/good"
    rm "$TO"
    : >"$SERVER_LOG"
    run download --url "$TLS/to/$SERVER/good"
    [ "$status" -eq 1 ]
    [ ! -e "$TO" ]
    [ ! -s "$SERVER_LOG" ]
  done
  PATH="$whole_path"
  git init -q --bare "$SERVED/r.git"
  git -C "$SERVED/r.git" update-server-info
  run lib_run 'pei_git_clone --url "$1" --to "$2"' "$TLS/to/$SERVER/r.git" "$BATS_TEST_TMPDIR/clone"
  [ "$status" -eq 1 ]
  [ ! -s "$SERVER_LOG" ]
}

@test "wrong sum: status 1, nothing left; right sum passes" {
  serve good hello
  run download --url "$SERVER/good" --sha256 "$(printf '0%.0s' {1..64})"
  [ "$status" -eq 1 ]
  [[ "$output" == *expected* ]]
  nothing_left
  download --url "$SERVER/good" --sha256 "$(sum_of "$SERVED/good")"
}

@test "retries what may pass, not a 404" {
  export PEI_DOWNLOAD_RETRIES=3
  serve flaky-file hello
  download --url "$SERVER/flaky-file"
  [ "$(grep -c flaky-file "$SERVER_LOG")" -eq 2 ]
  run download --url "$SERVER/missing"
  [ "$(grep -c missing "$SERVER_LOG")" -eq 1 ]
}

@test "mirrors in order, a wrong sum moves on to the next" {
  serve bad/f evil
  serve good/f hello
  download --url "$SERVER/none/f" --mirror "$SERVER/bad/f" --mirror "$SERVER/good/f" --sha256 "$(sum_of "$SERVED/good/f")"
  [ "$(cat "$TO")" = hello ]
  [ "$(cut -d' ' -f2 "$SERVER_LOG" | tr '\n' ' ')" = '/none/f /bad/f /good/f ' ]
}

@test "PEI_DOWNLOAD_MIRROR stands in for the host and comes first" {
  export PEI_DOWNLOAD_MIRROR="$SERVER/all/"
  serve all/example.org:8443/a/b.tgz hello
  download --url 'https://user:pw@example.org:8443/a/b.tgz'
  [ "$(cat "$TO")" = hello ]
  run lib_run 'pei_mirrored https://h/p?q=1'
  [ "$output" = "$SERVER/all/h/p?q=1" ]
  run lib_run 'pei_mirrored https://h; pei_mirrored https://h/'
  [ "$output" = "$SERVER/all/h
$SERVER/all/h/" ]
  serve direct hello2
  download --url "$SERVER/direct"
  [ "$(cat "$TO")" = hello2 ]
  [ "$(tail -2 "$SERVER_LOG" | cut -d' ' -f2 | tr '\n' ' ')" = "/all/${SERVER#http://}/direct /direct " ]
}

@test "published sums: the usual formats, and none is a failure" {
  serve v1/f.tgz hello
  local sum line
  sum="$(sum_of "$SERVED/v1/f.tgz")"
  for line in "$sum" "$sum  f.tgz" "$sum *f.tgz" "$sum  ./dist/f.tgz" "${sum^^}  f.tgz"; do
    printf '%064d  other\n%s\n' 0 "$line" | { [[ "$line" == "$sum" ]] && tail -1 || cat; } | serve v1/SUMS
    download --url "$SERVER/v1/f.tgz" --sums-url "$SERVER/v1/SUMS"
    rm "$TO"
  done
  serve v1/SUMS "$(printf '%064d  f.tgz' 0)"
  run download --url "$SERVER/v1/f.tgz" --sums-url "$SERVER/v1/SUMS"
  [ "$status" -eq 1 ]
  serve v1/SUMS "$sum  not-f.tgz
$sum  nor-f.tgz"
  run download --url "$SERVER/v1/f.tgz" --sums-url "$SERVER/v1/SUMS"
  [ "$status" -eq 1 ]
  run download --url "$SERVER/v1/f.tgz" --sums-url "$SERVER/v1/NONE"
  [ "$status" -eq 1 ]
  nothing_left
}

@test "local files: used when the sum fits, also by a read-only link in a read-only directory" {
  export PEI_STAGE_DIR_1="$BATS_TEST_TMPDIR/stage"
  run download --url "$SERVER/f.tgz"
  [ "$status" -eq 1 ]
  mkdir -p "$PEI_STAGE_DIR_1/tmp"
  echo ready >"$BATS_TEST_TMPDIR/elsewhere"
  chmod 0444 "$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$PEI_STAGE_DIR_1/tmp/f.tgz"
  chmod 0555 "$PEI_STAGE_DIR_1/tmp"
  download --url "$SERVER/f.tgz?x=1"
  [ "$(cat "$TO")" = ready ]
  [ ! -L "$TO" ]
  [ "$(stat -c %a "$TO")" = 644 ]
  serve f.tgz fresh
  download --url "$SERVER/f.tgz" --sha256 "$(sum_of "$SERVED/f.tgz")"
  [ "$(cat "$TO")" = fresh ]
  mkdir "$BATS_TEST_TMPDIR/cache"
  echo mine >"$BATS_TEST_TMPDIR/cache/f.tgz"
  download --url "$SERVER/f.tgz" --cache-dir "$BATS_TEST_TMPDIR/cache"
  [ "$(cat "$TO")" = mine ]
}

@test "without network: a local file is used, and checked if its sum is there too" {
  export PEI_STAGE_DIR_1="$BATS_TEST_TMPDIR/stage"
  mkdir -p "$PEI_STAGE_DIR_1/tmp"
  echo ready >"$PEI_STAGE_DIR_1/tmp/f.tgz"
  download --url http://127.0.0.1:1/f.tgz --sums-url http://127.0.0.1:1/SUMS
  [ "$(cat "$TO")" = ready ]
  (cd "$PEI_STAGE_DIR_1/tmp" && sha256sum f.tgz >SUMS)
  rm "$TO"
  download --url http://127.0.0.1:1/f.tgz --sums-url http://127.0.0.1:1/SUMS
  [ "$(cat "$TO")" = ready ]
  rm "$TO"
  printf '%064d  f.tgz\n' 0 >"$PEI_STAGE_DIR_1/tmp/SUMS"
  run download --url http://127.0.0.1:1/f.tgz --sums-url http://127.0.0.1:1/SUMS
  [ "$status" -eq 1 ]
  [[ "$output" == *'is not used'* ]]
  nothing_left
}

@test "neither curl nor wget: root installs one, others get an error" {
  ((EUID == 0)) || skip 'needs root'
  run lib_run 'command() { [[ "$2" != curl && "$2" != wget ]] && builtin command "$@"; }; pei_apt_install() { echo "apt $*"; }; pei_ensure_downloader'
  [ "$output" = 'apt curl ca-certificates' ]
}

@test "passwords in URLs are not shown" {
  run download --url 'http://user:pw@127.0.0.1:1/x'
  [ "$status" -eq 1 ]
  [[ "$output" != *pw@* ]]
  run lib_run 'pei_plan_download --url http://user:pw@h/x --to /y'
  [[ "$output" == *'***@h/x'* ]]
}

bare_repo() {
  git -c init.defaultBranch=main init -q "$BATS_TEST_TMPDIR/src"
  git -C "$BATS_TEST_TMPDIR/src" -c user.name=n -c user.email=e commit -q --allow-empty -m one
  git -C "$BATS_TEST_TMPDIR/src" tag v1
  git -C "$BATS_TEST_TMPDIR/src" -c user.name=n -c user.email=e commit -q --allow-empty -m two
  git clone -q --bare "$BATS_TEST_TMPDIR/src" "$SERVED/$1"
  git -C "$SERVED/$1" update-server-info
}

@test "clone through the mirror at a tag; origin is the real one" {
  mkdir -p "$SERVED/github.com/a"
  bare_repo github.com/a/b.git
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  lib_run 'pei_git_clone --url https://github.com/a/b.git --to "$1" --ref v1' "$BATS_TEST_TMPDIR/out/b"
  [ "$(git -C "$BATS_TEST_TMPDIR/out/b" log --format=%s)" = one ]
  [ "$(git -C "$BATS_TEST_TMPDIR/out/b" remote get-url origin)" = https://github.com/a/b.git ]
}

@test "a clone that fails leaves nothing" {
  run lib_run 'pei_git_clone --url "$1" --to "$2"' "$SERVER/none.git" "$BATS_TEST_TMPDIR/out/b"
  [ "$status" -eq 1 ]
  nothing_left
  bare_repo b.git
  run lib_run 'pei_git_clone --url "$1" --to "$2" --ref v9' "$SERVER/b.git" "$BATS_TEST_TMPDIR/out/b"
  [ "$status" -eq 1 ]
  nothing_left
}

@test "a vendor's script is fetched whole, then run as the user with variables and arguments" {
  serve install.sh 'echo "$X|$1|$(id -un)"'
  run lib_run 'pei_tmp_dir_init; pei_run_vendor_script --url "$1" --user nobody -- X="a b" "c d"' "$SERVER/install.sh"
  [ "$status" -eq 0 ]
  [[ "$output" == *'a b|c d|nobody'* ]]
  [[ "$output" == *'(not pinned)'* ]]
  serve truncated.sh 'touch /tmp/never'
  run lib_run 'pei_tmp_dir_init; pei_run_vendor_script --url "$1" --user nobody -- ' "$SERVER/truncated.sh"
  [ "$status" -eq 1 ]
  serve fails.sh 'exit 3'
  run lib_run 'pei_tmp_dir_init; pei_run_vendor_script --url "$1" --user nobody --' "$SERVER/fails.sh"
  [ "$status" -eq 1 ]
}
