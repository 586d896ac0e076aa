#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() {
  export PEI_RECORD="$BATS_TEST_TMPDIR/record"
  mkdir "$PEI_RECORD"
  # What dpkg-query would say: the words of the file.
  stub dpkg-query "sed 's/^/installed /' $BATS_TEST_TMPDIR/packages"
}

teardown() { stop_server; }

@test "lines are sorted JSON; one with the same name and place is replaced; empty values are left out" {
  lib_run 'pei_record tool name=b path=/b -- version=1 more=
    pei_record tool name=b path=/b/other -- version=1
    pei_record tool name=a path="/with \"quotes\" and a \\ " -- version="1 &
    line"
    pei_record tool name=b path=/b -- version=2'
  run cat "$PEI_RECORD/tool.jsonl"
  [ "$output" = '{"kind":"tool","name":"a","path":"/with \"quotes\" and a \\ ","version":"1 &    line"}
{"kind":"tool","name":"b","path":"/b","version":"2"}
{"kind":"tool","name":"b","path":"/b/other","version":"1"}' ]
}

@test "outside of a build nothing is recorded" {
  unset PEI_RECORD
  run lib_run 'pei_record tool name=a; pei_record_program sh /bin/sh'
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "packages: what came, what came anew and what went; what was there stays out" {
  printf '%s\n' 'base all 1' 'old amd64 1' >"$BATS_TEST_TMPDIR/before"
  printf '%s\n' 'base all 1' 'libc++1 amd64 1:2+b~c-1' 'new amd64 1' 'old amd64 2' >"$BATS_TEST_TMPDIR/packages"
  lib_run 'pei_record_packages "$(<"$1")"' "$BATS_TEST_TMPDIR/before"
  run cat "$PEI_RECORD/apt.jsonl"
  [ "$output" = '{"kind":"apt","name":"libc++1","architecture":"amd64","version":"1:2+b~c-1"}
{"kind":"apt","name":"new","architecture":"amd64","version":"1"}
{"kind":"apt","name":"old","architecture":"amd64","version":"2"}' ]
  # The next step removes one and upgrades another.
  cp "$BATS_TEST_TMPDIR/packages" "$BATS_TEST_TMPDIR/before"
  printf '%s\n' 'base all 1' 'libc++1 amd64 1:3' 'old amd64 2' >"$BATS_TEST_TMPDIR/packages"
  lib_run 'pei_record_packages "$(<"$1")"' "$BATS_TEST_TMPDIR/before"
  run cat "$PEI_RECORD/apt.jsonl"
  [ "$output" = '{"kind":"apt","name":"libc++1","architecture":"amd64","version":"1:3"}
{"kind":"apt","name":"old","architecture":"amd64","version":"2"}' ]
}

@test "packages: a step that leaves none of them leaves no file" {
  printf '%s\n' 'base all 1' 'new all 1' >"$BATS_TEST_TMPDIR/packages"
  lib_run 'pei_record_packages "base all 1"'
  [ -s "$PEI_RECORD/apt.jsonl" ]
  echo 'base all 1' >"$BATS_TEST_TMPDIR/packages"
  lib_run 'pei_record_packages "$(printf "%s\n" "base all 1" "new all 1")"'
  [ ! -e "$PEI_RECORD/apt.jsonl" ]
}

@test "a URL loses what may be a secret" {
  run lib_run 'pei_plain_url "$1"; pei_plain_url "$2"' 'https://me:p@ss@host:8/a%20b/c.tgz?token=x#y' 'http://host?token=x'
  [ "$output" = 'https://host:8/a%20b/c.tgz
http://host' ]
}

@test "a download and a clone are recorded with their places, without logins" {
  start_server
  serve good hello
  local sum
  sum="$(sha256sum "$SERVED/good" | cut -d' ' -f1)"
  mkdir -p "$SERVED/example.org"
  cp "$SERVED/good" "$SERVED/example.org/good"
  PEI_DOWNLOAD_MIRROR="${SERVER/:\/\//:\/\/me:s3cret@}" lib_run 'pei_download --url "https://me:s3cret@example.org/good?key=s3cret" --version 1 --to "$1" --name good' "$BATS_TEST_TMPDIR/to"
  run cat "$PEI_RECORD/download.jsonl"
  [ "$output" = "{\"kind\":\"download\",\"name\":\"good\",\"query\":\"$(printf %s key=s3cret | sha256sum | cut -c1-12)\",\"url\":\"https://example.org/good\",\"version\":\"1\",\"from\":\"$SERVER/example.org/good\",\"sha256\":\"$sum\"}" ]
  # A second time from its own place, with a sum.
  lib_run 'pei_download --url "$1/good" --sha256 "$3" --to "$2"' "$SERVER" "$BATS_TEST_TMPDIR/to" "${sum^^}"
  run grep -c . "$PEI_RECORD/download.jsonl"
  [ "$output" = 2 ]
  grep -qF "\"url\":\"$SERVER/good\",\"sha256\":\"$sum\",\"checked\":\"pinned\"}" "$PEI_RECORD/download.jsonl"

  git -c init.defaultBranch=main init -q "$BATS_TEST_TMPDIR/repository"
  git -C "$BATS_TEST_TMPDIR/repository" -c user.name=n -c user.email=e commit -q --allow-empty -m x
  lib_run 'pei_git_clone --url "file://$1" --ref main --to "$2"' "$BATS_TEST_TMPDIR/repository" "$BATS_TEST_TMPDIR/clone"
  run cat "$PEI_RECORD/git.jsonl"
  [ "$output" = "{\"kind\":\"git\",\"url\":\"file://$BATS_TEST_TMPDIR/repository\",\"version\":\"main\",\"commit\":\"$(git -C "$BATS_TEST_TMPDIR/clone" rev-parse HEAD)\"}" ]
}

@test "a path is recorded as a URL, and a download without a file name by its directory or host" {
  cd "$BATS_TEST_TMPDIR"
  run lib_run 'pei_plain_url /srv/repo; pei_plain_url here'
  [ "${lines[0]}" = file:///srv/repo ]
  [ "${lines[1]}" = "file://$PWD/here" ]
  run lib_run 'for url in https://me:pw@a.example https://a.example/?x=/y https://a.example/b/ "https://a.example/b/?c" "https://a.example/f.tgz?c/d#e"; do __pei_download_name "$url"; done'
  [ "$output" = $'a.example\na.example\nb\nb\nf.tgz' ]
}
