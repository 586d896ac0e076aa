#!/usr/bin/env bats
# What a build step of a locked build takes from the lock, and where it stops.
#
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

SUM=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

setup() {
  export PEI_LOCKED_DIR="$BATS_TEST_TMPDIR/locked" PEI_RECORD="$BATS_TEST_TMPDIR/record" PEI_DOWNLOAD_RETRIES=1
  mkdir "$PEI_LOCKED_DIR" "$PEI_RECORD"
  stub dpkg 'case "$1" in --print-architecture) echo amd64 ;; *) exec /usr/bin/dpkg "$@" ;; esac'
}

teardown() { stop_server; }

# lock KIND: the rows on stdin.
lock() {
  { printf '# pei\n' && cat; } >"$PEI_LOCKED_DIR/$1"
}

# fits LINE…: installed packages beside the lock.
fits() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/installed"
  run lib_run '__pei_locked_fits <"$1"' "$BATS_TEST_TMPDIR/installed"
}

@test "packages: another version is named with what to do, one that is not in the lock is a warning" {
  lock apt <<'ROWS'
architecture amd64
apt amd64 libc++1 amd64 1:2+b~c-1
apt amd64 libc6 i386 2.1
apt amd64 common all 1
architecture arm64
apt arm64 libc++1 arm64 7
ROWS
  fits 'libc++1 amd64 1:2+b~c-1' 'libc6 i386 2.1' 'common all 1'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  fits 'libc++1 amd64 7' 'libc6 amd64 2.2' 'new all 3'
  [ "$status" -eq 1 ]
  [[ "$output" == *'not in pei.lock, so the version is the archive'"'"'s: libc6 2.2, new 3;'* ]]
  [[ "$output" == *$'\n  libc++1 1:2+b~c-1 (here it is 7)\n'* ]]
  [[ "$output" == *'`apt.snapshot`'*'a mirror that keeps them'*'`pei lock --update libc++1`'* ]]
  fits 'libc6 i386 2.2'
  [[ "$output" == *$'\n  libc6:i386 2.1 (here it is 2.2)\n'*'pei lock --update libc6`'* ]]
}

@test "packages: an older version than the locked one is told from an archive that has moved on" {
  lock apt <<'ROWS'
architecture amd64
apt amd64 a amd64 1:2.0
apt amd64 b i386 2.0
apt amd64 c amd64 2.0
ROWS
  fits 'a amd64 9.0' 'b i386 1.0' 'c amd64 2.1'
  [ "$status" -eq 1 ]
  [[ "$output" == *'older than in pei.lock: a b:i386; a later hook of this stage may have upgraded it.'* ]]
  fits 'c amd64 2.1'
  [ "$status" -eq 1 ]
  [[ "$output" != *older* ]]
}

@test "without a lock every plan fits, also a long one" {
  run lib_run 'pei_locked_planned "$(seq -f "Inst package-%05.0f (1 Debian:12/stable [amd64])" 9000)"'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "what apt plans is read from its simulation" {
  lock apt <<'ROWS'
architecture amd64
apt amd64 a amd64 1
apt amd64 b i386 1
ROWS
  run lib_run 'pei_locked_planned "$1"' 'Reading package lists...
Inst a (1 Debian:12/stable [amd64])
Inst b:i386 [0.9] (1 A:1/x, B:2/y [i386]) []
Conf a (1 Debian:12/stable [amd64])'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  run lib_run 'pei_locked_planned "$1"' 'Inst a [1] (2 Debian:12/stable [amd64])'
  [ "$status" -eq 1 ]
  [[ "$output" == *'a 1 (here it is 2)'* ]]
}

@test "an architecture that the lock does not have stops the step" {
  lock apt <<<'architecture arm64'
  run lib_run 'pei_locked_begin'
  [ "$status" -eq 1 ]
  [[ "$output" == *'pei.lock has nothing for amd64, only for arm64; build there without the lock, and run `pei lock`'* ]]
}

@test "versions of tools come from the lock" {
  lock downloads <<<'version amd64 bun 1.0.0'
  run lib_run 'pei_version bun; pei_version uv'
  [ "${lines[0]}" = 1.0.0 ]
  [ "${lines[1]}" != 1.0.0 ]
  rm "$PEI_LOCKED_DIR/downloads"
  run lib_run 'pei_version bun'
  [ "$output" != 1.0.0 ]
}

@test "what a word stood for, and what an environment got, comes from the lock" {
  lock downloads <<'ROWS'
requested arm64 lts node 20.0.0
requested amd64 lts node 22.1.0
requested amd64 latest @openai/codex 1.2.3
conda amd64 pei-ml click 8.1
ROWS
  run lib_run 'for word in lts latest 22; do pei_locked_request node "$word"; done; pei_locked_request @openai/codex latest'
  [ "$output" = $'22.1.0\nlatest\n22\n1.2.3' ]
  run lib_run 'pei_locked_conda pei-ml click; pei_locked_conda pei-common click; pei_locked_conda pei-ml rich'
  [ "$output" = 8.1 ]
  unset PEI_RECORD
  run lib_run 'pei_locked_request node lts; pei_locked_conda pei-ml click'
  [ "$output" = lts ]
}

@test "a download with the locked sum comes without asking for a published one" {
  start_server
  serve vendor.example/a/f <<<'right'
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  lock downloads <<<"download amd64 $(sha256sum "$SERVED/vendor.example/a/f" | cut -d' ' -f1) - https://vendor.example/a/f"
  run lib_run 'pei_download --url "https://me:pw@vendor.example/a/f?x" --sums-url https://vendor.example/none --to "$1"' "$BATS_TEST_TMPDIR/f"
  [ "$status" -eq 0 ]
  [ "$(<"$BATS_TEST_TMPDIR/f")" = right ]
  grep '"checked":"locked"' "$PEI_RECORD/download.jsonl"
}

@test "another file than the locked one is refused, and no other place is asked" {
  start_server
  serve vendor.example/a/f <<<'wrong'
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  lock downloads <<<"download amd64 $SUM - https://vendor.example/a/f"
  run lib_run 'pei_download --url https://vendor.example/a/f --mirror "$2/vendor.example/a/f" --to "$1"' "$BATS_TEST_TMPDIR/f" "$SERVER"
  [ "$status" -eq 1 ]
  [ ! -e "$BATS_TEST_TMPDIR/f" ]
  [[ "$output" == *"f is another file at $SERVER/vendor.example/a/f, and pei.lock has $SUM; "*'`pei lock --update f`'* ]]
  [ "$(grep -c . "$SERVER_LOG")" -eq 1 ]
}

@test "a sum that a hook gives and that is not the locked one is refused" {
  lock downloads <<<"download amd64 $SUM - https://vendor.example/a/f"
  run lib_run 'pei_download --url https://vendor.example/a/f --sha256 "$2" --to "$1"' "$BATS_TEST_TMPDIR/f" "${SUM/e3/00}"
  [ "$status" -eq 1 ]
  [[ "$output" == *"f is to be ${SUM/e3/00}, and pei.lock has $SUM"* ]]
}

@test "what the lock does not have is told, and comes with the checks of its installer" {
  start_server
  serve vendor.example/a/f <<<'right'
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  lock downloads <<<"download arm64 $SUM - https://vendor.example/a/f"
  run lib_run 'pei_download --url https://vendor.example/a/f --to "$1"' "$BATS_TEST_TMPDIR/f"
  [ "$status" -eq 0 ]
  [[ "$output" == *'f is not in pei.lock; `pei lock` adds it'* ]]
}

@test "a file that a vendor's tool has brought is compared with the lock" {
  echo wrong >"$BATS_TEST_TMPDIR/f"
  lock downloads <<<"download amd64 $SUM - https://vendor.example/f"
  run lib_run '__pei_record_download "$1" f https://vendor.example/f https://vendor.example/f 1 "" published' "$BATS_TEST_TMPDIR/f"
  [ "$status" -eq 1 ]
  [[ "$output" == *"pei.lock has $SUM"* ]]
  [ ! -e "$PEI_RECORD/download.jsonl" ]
}

@test "a clone has the locked commit, or fails" {
  git init -q "$BATS_TEST_TMPDIR/origin"
  git -C "$BATS_TEST_TMPDIR/origin" -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m one
  git -C "$BATS_TEST_TMPDIR/origin" tag v1
  local url="file://$BATS_TEST_TMPDIR/origin" commit
  commit="$(git -C "$BATS_TEST_TMPDIR/origin" rev-parse HEAD)"
  lock downloads <<<"git amd64 $commit v1 $url"
  run lib_run 'pei_git_clone --url "$1" --ref v1 --to "$2"' "$url" "$BATS_TEST_TMPDIR/good"
  [ "$status" -eq 0 ]
  git -C "$BATS_TEST_TMPDIR/origin" -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m two
  git -C "$BATS_TEST_TMPDIR/origin" tag -f v1 >/dev/null
  run lib_run 'pei_git_clone --url "$1" --ref v1 --to "$2"' "$url" "$BATS_TEST_TMPDIR/old"
  [ "$status" -eq 0 ]
  [ "$(git -C "$BATS_TEST_TMPDIR/old" rev-parse HEAD)" = "$commit" ]
  [ "$(git -C "$BATS_TEST_TMPDIR/old" remote get-url origin)" = "$url" ]
  grep -q "\"commit\":\"$commit\"" "$PEI_RECORD/git.jsonl"
  commit="$(git -C "$BATS_TEST_TMPDIR/origin" rev-parse HEAD)"
  lock downloads <<<"git amd64 ${commit/?/x} v1 $url"
  run lib_run 'pei_git_clone --url "$1" --ref v1 --to "$2"' "$url" "$BATS_TEST_TMPDIR/bad"
  [ "$status" -eq 1 ]
  [ ! -e "$BATS_TEST_TMPDIR/bad" ]
  [[ "$output" == *" at v1 is $commit, and pei.lock has ${commit/?/x}"* ]]
}

@test "downloads from one address are told apart by their queries, and one alone by nothing" {
  local one two
  one="$(lib_run 'pei_query_sum "https://a.example/f?v=1#x"')"
  two="$(lib_run 'pei_query_sum "https://a.example/f?v=2"')"
  [[ "$one" =~ ^[0-9a-f]{12}$ ]]
  lock downloads <<ROWS
download amd64 1$SUM $one https://a.example/f
download amd64 2$SUM $two https://a.example/f
download amd64 3$SUM $one https://a.example/token
ROWS
  run lib_run 'pei_locked_sum "https://me@a.example/f?v=2"; pei_locked_sum "https://a.example/f?v=1"; pei_locked_sum "https://a.example/f?v=3"'
  [ "$output" = "2$SUM"$'\n'"1$SUM" ]
  run lib_run 'pei_locked_sum "https://a.example/token?v=7"'
  [ "$output" = "3$SUM" ]
}

@test "what is named after apt failed was asked for, and is in the archive in another version" {
  lock apt <<'ROWS'
architecture amd64
apt amd64 asked amd64 1
apt amd64 below amd64 1
apt amd64 innocent amd64 1
apt amd64 from-a-file amd64 1
apt amd64 phased amd64 1
ROWS
  local package
  for package in asked below innocent; do
    printf '%s:\n  Installed: (none)\n  Version table:\n     2 500\n        500 http://a.example stable/main amd64 Packages\n' "$package"
  done >"$BATS_TEST_TMPDIR/policy"
  printf 'from-a-file:\n  Version table:\n *** 2 100\n        100 /var/lib/dpkg/status\n' >>"$BATS_TEST_TMPDIR/policy"
  printf 'phased:\n  Version table:\n     1 500 (phased 10%%)\n        500 http://a.example stable/main amd64 Packages\n' >>"$BATS_TEST_TMPDIR/policy"
  stub apt-cache "case \$1 in policy) cat '$BATS_TEST_TMPDIR/policy' ;; pkgnames) printf '%s\n' asked below innocent phased ;; depends) [[ \$* == *' asked' ]] && printf '%s\n' asked '  Depends: below' below ;; esac"
  run lib_run 'pei_locked_explain the install asked'
  [[ "$output" == *$'\n  asked 1\n  below 1\n'*'`pei lock --update asked below`'* ]]
  [[ "$output" != *innocent* && "$output" != *file* && "$output" != *phased* ]]
  run lib_run 'pei_locked_explain the install'
  [ "$output" = '' ]
  run lib_run 'pei_locked_lists_old'
  [ "$status" -eq 0 ]
  lock apt <<'ROWS'
architecture amd64
apt amd64 from-a-file amd64 1
apt amd64 phased amd64 1
ROWS
  run lib_run 'pei_locked_lists_old'
  [ "$status" -eq 1 ]
}

@test "an architecture has Docker's name in the lock" {
  stub dpkg 'echo armhf'
  lock apt <<'ROWS'
architecture arm
apt arm a armhf 1
ROWS
  fits 'a armhf 1'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
  lock downloads <<<'version arm bun 1.0.0'
  run lib_run 'pei_version bun'
  [ "$output" = 1.0.0 ]
}

@test "what is to be freed is quoted for a shell" {
  run lib_run 'pei_locked_differs "https://a.example/b c" 1 2 v1'
  [[ "$output" == *'https://a.example/b c at v1 is 1, and pei.lock has 2; '*'`pei lock --update https://a.example/b\ c`'* ]]
}

@test "without a lock there is no word of it" {
  rm -r "$PEI_LOCKED_DIR"
  run lib_run 'pei_locked_begin; pei_locked_explain; pei_locked_installed x; pei_locked_tell f; pei_locked_sum https://a/b; ! pei_locked_lists_old'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}
