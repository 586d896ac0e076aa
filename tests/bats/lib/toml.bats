#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() { F="$BATS_TEST_TMPDIR/f.toml"; }

toml_set() { lib_run 'pei_toml_set "$@"' "$F" "$@"; }

same() { [ "$(cat "$F")" = "$(printf '%s\n' "$@")" ]; }

@test "new file, new table, new key, changed key, removed key" {
  toml_set install registry '"a"'
  same '[install]' 'registry = "a"'
  toml_set other key 1
  toml_set install more 2
  toml_set install registry '"b"'
  same '[install]' 'registry = "b"' 'more = 2' '' '[other]' 'key = 1'
  toml_set install registry ''
  same '[install]' 'more = 2' '' '[other]' 'key = 1'
}

@test "other tables, comments and odd spacing are left alone" {
  printf '%s\n' '# top' 'x = 1' '[ install ] # mine' 'registry="old" # c' '[install.scopes]' 'registry = "scoped"' 'a = { registry = "inline" }' >"$F"
  toml_set install registry '"new"'
  same '# top' 'x = 1' '[ install ] # mine' 'registry = "new"' '[install.scopes]' 'registry = "scoped"' 'a = { registry = "inline" }'
}

@test "values over several lines go as a whole, brackets in strings do not count" {
  printf '%s\n' '[mirrors]' '"https://a/b" = [' '  "x", # ]' '  "y]"' ']' 'z = "["' '[t]' 'a = [' '["q"],' ']' 'k = 1' >"$F"
  toml_set mirrors '"https://a/b"' '["n"]'
  same '[mirrors]' '"https://a/b" = ["n"]' 'z = "["' '[t]' 'a = [' '["q"],' ']' 'k = 1'
  toml_set t k 2
  [ "$(grep -c '^k = ' "$F")" -eq 1 ]
}

@test "a dotted key at the top is the same key" {
  printf '%s\n' 'install.registry = "a"' '[x]' >"$F"
  toml_set install registry '"b"'
  same 'install.registry = "b"' '[x]'
}

@test "arrays of tables are dropped with their content" {
  printf '%s\n' 'a = 1' '[[index]]' 'url = "1"' '[pip]' 'b = 2' '[[index]]' 'url = "2"' >"$F"
  lib_run 'pei_toml_drop_tables "$1" index' "$F"
  same 'a = 1' '[pip]' 'b = 2'
}

@test "untouched when nothing changes; removing from nothing makes no file" {
  toml_set a b ''
  [ ! -e "$F" ]
  toml_set a b 1
  touch -d 2001-01-01 "$F"
  toml_set a b 1
  [ "$(stat -c %Y "$F")" = "$(date -d 2001-01-01 +%s)" ]
}

@test "results parse as TOML" {
  python3 -c 'import tomllib' || skip 'needs tomllib of python3'
  toml_set mirrors '"https://a/b"' '["n"]'
  toml_set pypi-config index-url "$(lib_run 'pei_toml_quote "a\"\\b"')"
  run python3 -c 'import sys,tomllib; print(tomllib.load(open(sys.argv[1],"rb")))' "$F"
  [ "$output" = "{'mirrors': {'https://a/b': ['n']}, 'pypi-config': {'index-url': 'a\"\\\\b'}}" ]
}
