#!/usr/bin/env bats
# Below a directory that another user owns, root writes as that owner.
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

setup() {
  ((EUID == 0)) || skip 'needs root'
  # Somewhere that another user can reach.
  place=$(mktemp -d)
  chmod 755 "$place"
  mkdir "$place/home" "$place/root"
  echo secret >"$place/root/file"
  chmod 600 "$place/root/file"
  chown nobody "$place/home"
}

teardown() {
  [ -z "${place-}" ] || rm -rf -- "$place"
}

# nothing_changed: in what is root's.
nothing_changed() {
  [ "$(cat "$place/root/file")" = secret ]
  [ "$(ls -A "$place/root")" = file ]
  [ "$(stat -c '%U %a' "$place/root" "$place/root/file")" = $'root 755\nroot 600' ]
}

@test "a new file in a home is its owner's" {
  lib_run 'pei_block_set "$1" name <<<text && pei_write_file "$2" <<<whole' "$place/home/.bashrc" "$place/home/.config/new/file"
  [ "$(stat -c %U "$place/home/.bashrc" "$place/home/.config" "$place/home/.config/new/file" | sort -u)" = nobody ]
  [ "$(cat "$place/home/.config/new/file")" = whole ]
  [ "$(grep -c text "$place/home/.bashrc")" = 1 ]
}

@test "a file of a home that was left to root is written all the same" {
  echo old >"$place/home/.bashrc"
  chmod 644 "$place/home/.bashrc"
  lib_run 'pei_block_set "$1" name <<<text' "$place/home/.bashrc"
  [ "$(head -n 1 "$place/home/.bashrc")" = old ]
  [ "$(grep -c text "$place/home/.bashrc")" = 1 ]
}

@test "a link that a user left leads root nowhere: a file, a directory, a link in a directory that all may write to" {
  ln -s "$place/root/file" "$place/home/.bashrc"
  run ! lib_run 'pei_block_set "$1" name <<<text' "$place/home/.bashrc"
  run ! lib_run 'pei_write_file "$1" <<<text' "$place/home/.bashrc"
  nothing_changed
  ln -s "$place/root" "$place/home/.config"
  run ! lib_run 'pei_write_file "$1" <<<text' "$place/home/.config/new"
  run ! lib_run 'pei_make_dir nobody "$1"' "$place/home/.config/dir"
  run ! lib_run 'pei_place_program nobody /bin/true "$1"' "$place/home/.config/program"
  nothing_changed
  mkdir -m 1777 "$place/all"
  ln -s "$place/root" "$place/all/link"
  chown -h nobody "$place/all/link"
  run ! lib_run 'pei_write_file "$1" <<<text' "$place/all/link/new"
  nothing_changed
}

@test "a link of root's is followed, and what is root's stays root's" {
  ln -s "$place/root" "$place/link"
  lib_run 'pei_write_file "$1" <<<new' "$place/link/new"
  [ "$(stat -c %U "$place/root/new")" = root ]
  ln -s "$place/home" "$place/to-home"
  lib_run 'cd "$1" && pei_write_file to-home/../home/file <<<new' "$place"
  [ "$(stat -c %U "$place/home/file")" = nobody ]
}

@test "a program is placed as the owner of the directory, or becomes the user's" {
  lib_run 'pei_place_program nobody /bin/true "$1" && pei_place_program nobody /bin/true "$2"' "$place/home/bin/t" "$place/opt/bin/t"
  [ "$(stat -c '%U %a' "$place/home/bin/t" "$place/opt/bin/t" | sort -u)" = 'nobody 755' ]
  "$place/home/bin/t"
}
