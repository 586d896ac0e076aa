#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() {
  F="$BATS_TEST_TMPDIR/dir/rc"
  mkdir -p "$BATS_TEST_TMPDIR/dir"
}

block() { lib_run 'pei_block_set "$@"' "$@"; }

@test "a new file, a second block, a replaced block in its place" {
  block "$F" one <<<'1'
  block "$F" two <<<'2'
  block "$F" one <<<$'x\ny'
  [ "$(cat "$F")" = "$(printf '%s\n' '# >>> pei one >>>' x y '# <<< pei one <<<' '# >>> pei two >>>' 2 '# <<< pei two <<<')" ]
  [ "$(stat -c %a "$F")" = 644 ]
}

@test "at the top, but below an interpreter line" {
  printf '#!/bin/bash\nreturn\n' >"$F"
  block --top "$F" a <<<'1'
  [ "$(cat "$F")" = "$(printf '%s\n' '#!/bin/bash' '# >>> pei a >>>' 1 '# <<< pei a <<<' return)" ]
  printf 'first\n' >"$F"
  block --top "$F" a <<<'1'
  block --top "$F" a <<<'2'
  [ "$(cat "$F")" = "$(printf '%s\n' '# >>> pei a >>>' 2 '# <<< pei a <<<' first)" ]
}

@test "untouched when equal" {
  block "$F" a <<<'1'
  touch -d '2001-01-01' "$F"
  before="$(stat -c '%Y %i' "$F")"
  block "$F" a <<<'1'
  [ "$(stat -c '%Y %i' "$F")" = "$before" ]
}

@test "keeps mode and owner, and a last line without newline" {
  printf 'x' >"$F"
  chmod 0640 "$F"
  ((EUID == 0)) && chown 1234:2345 "$F"
  want="$(stat -c '%a %u %g' "$F")"
  block "$F" a <<<'1'
  [ "$(stat -c '%a %u %g' "$F")" = "$want" ]
  [ "$(head -1 "$F")" = x ]
}

@test "a new file belongs to the directory's owner" {
  ((EUID == 0)) || skip 'needs root'
  chown 1234:2345 "$BATS_TEST_TMPDIR/dir"
  # The owner writes it, so the owner must be able to enter the directory.
  chmod a+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$BATS_TEST_TMPDIR"
  block "$F" a <<<'1'
  lib_run 'pei_write_file "$1"' "$BATS_TEST_TMPDIR/dir/new/deep/file" <<<text
  [ "$(stat -c '%u:%g' "$F")" = 1234:2345 ]
  [ "$(stat -c '%u:%g' "$BATS_TEST_TMPDIR/dir/new")" = 1234:2345 ]
  [ "$(stat -c '%u:%g' "$BATS_TEST_TMPDIR/dir/new/deep/file")" = 1234:2345 ]
}

@test "follows links, also to a file that is not there yet" {
  mkdir "$BATS_TEST_TMPDIR/real"
  ln -s ../real/rc "$F"
  block "$F" a <<<'1'
  [ -L "$F" ]
  grep -qx 1 "$BATS_TEST_TMPDIR/real/rc"
}

@test "a block without end is an error and the file stays" {
  printf '# >>> pei a >>>\nprecious\n' >"$F"
  run block "$F" a <<<'1'
  [ "$status" -eq 1 ]
  [ "$(cat "$F")" = $'# >>> pei a >>>\nprecious' ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/dir")" = rc ]
}

@test "text with its own marker, bad names and directories are refused" {
  run block "$F" a <<<'# <<< pei a <<<'
  [ "$status" -eq 1 ]
  run block "$F" 'a b' <<<x
  [ "$status" -eq 1 ]
  run block "$BATS_TEST_TMPDIR/dir" a <<<x
  [ "$status" -eq 1 ]
  [ ! -e "$F" ]
}

@test "backslashes, dollars and ampersands are only text" {
  block "$F" a <<<'\n & \\ $x `y` %s'
  [ "$(sed -n 2p "$F")" = '\n & \\ $x `y` %s' ]
}

@test "doubled blocks become one" {
  printf '# >>> pei a >>>\n1\n# <<< pei a <<<\nmid\n# >>> pei a >>>\n1\n# <<< pei a <<<\n' >"$F"
  block "$F" a <<<'2'
  [ "$(cat "$F")" = "$(printf '%s\n' '# >>> pei a >>>' 2 '# <<< pei a <<<' mid)" ]
}

@test "remove" {
  lib_run 'pei_block_remove "$1" a' "$F"
  [ ! -e "$F" ]
  printf 'x\n' >"$F"
  block "$F" a <<<'1'
  lib_run 'pei_block_present "$1" a && pei_block_remove "$1" a && ! pei_block_present "$1" a' "$F"
  [ "$(cat "$F")" = x ]
}

@test "a file is written only when it differs" {
  lib_run 'pei_write_file --mode 0600 "$1"' "$F" <<<one
  [ "$(stat -c %a "$F")" = 600 ]
  touch -d '2001-01-01' "$F"
  before="$(stat -c '%Y %i' "$F")"
  lib_run 'pei_write_file "$1"' "$F" <<<one
  [ "$(stat -c '%Y %i' "$F")" = "$before" ]
  lib_run 'pei_write_file "$1"' "$F" <<<two
  [ "$(cat "$F")" = two ]
  [ "$(stat -c %a "$F")" = 600 ]
}

@test "a disk that takes no more leaves the file as it was, and no temporary file" {
  printf 'precious\n' >"$F"
  local many
  many="$(seq 2000)"
  # The limit stands in for the full disk: writes beyond it fail.
  run lib_run "trap '' XFSZ; ulimit -f 1; pei_block_set \"\$1\" a" "$F" <<<"$many"
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot write $F"* ]]
  run lib_run "trap '' XFSZ; ulimit -f 1; pei_write_file \"\$1\"" "$F" <<<"$many"
  [ "$status" -eq 1 ]
  [[ "$output" == *"cannot write $F"* ]]
  [ "$(cat "$F")" = precious ]
  [ "$(ls -A "$BATS_TEST_TMPDIR/dir")" = rc ]
}

@test "a full directory for temporary files is no obstacle" {
  TMPDIR=/dev/full block "$F" a <<<'1'
  TMPDIR=/dev/full lib_run 'pei_write_file "$1"' "$F.2" <<<text
  [ "$(sed -n 2p "$F")" = 1 ]
  [ "$(cat "$F.2")" = text ]
}
