#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
load ../support/common

setup() {
  ((EUID == 0)) || skip 'needs root'
  export PEI_APT_CONF_DIR="$BATS_TEST_TMPDIR/conf"
  mkdir "$PEI_APT_CONF_DIR"
  unset PEI_APT_CACHE_DIR PEI_APT_SHADOW_CACHE_DIR
  FOLDER="$BATS_TEST_TMPDIR/a folder"
}

apt_script() { bash "$SYSTEM/apt/$1.sh" "${@:2}"; }

@test "external cache: what apt then believes, the directory's mode, and a second run that does nothing" {
  apt_script enable-external-cache "$FOLDER"
  [ "$(stat -c %a "$FOLDER")" = 755 ]
  if command -v apt-config >/dev/null; then
    printf 'Dir::Etc::parts "%s";\n' "$PEI_APT_CONF_DIR" >"$BATS_TEST_TMPDIR/apt.conf"
    run env APT_CONFIG="$BATS_TEST_TMPDIR/apt.conf" apt-config shell archives Dir::Cache::Archives/d keep APT::Keep-Downloaded-Packages binary Binary::apt::APT::Keep-Downloaded-Packages
    [ "$output" = "archives='$FOLDER/'
keep='true'
binary='true'" ]
  fi
  before="$(snapshot "$BATS_TEST_TMPDIR")"
  run apt_script enable-external-cache "$FOLDER"
  [[ "$output" == *'nothing to do'* ]]
  [ "$(snapshot "$BATS_TEST_TMPDIR")" = "$before" ]
}

@test "directories: by argument, by variable, by default; others are usage errors" {
  PEI_APT_CACHE_DIR=/from/env run apt_script enable-external-cache --dry-run
  [[ "$output" == *'create /from/env '* ]]
  PEI_APT_SHADOW_CACHE_DIR=/from/env run apt_script enable-shadow-cache --dry-run /from/argument
  [[ "$output" == *'create /from/argument '* ]]
  run apt_script enable-external-cache --dry-run
  [[ "$output" == *'create /apt-ext-store '* ]]
  run apt_script enable-shadow-cache --dry-run
  [[ "$output" == *'create /apt-shadow-cache '* ]]
  local folder
  for folder in relative '/with"quote' "/with'quote" '/with$dollar' '/with;semicolon'; do
    run apt_script enable-external-cache "$folder"
    [ "$status" -eq 2 ]
    run apt_script enable-shadow-cache "$folder"
    [ "$status" -eq 2 ]
  done
  [ -z "$(ls -A "$PEI_APT_CONF_DIR")" ]
}

@test "shadow cache: the hook copies from where the archives are now, and never fails" {
  command -v apt-config >/dev/null || skip 'needs apt'
  apt_script enable-shadow-cache "$FOLDER"
  before="$(snapshot "$PEI_APT_CONF_DIR")"
  run apt_script enable-shadow-cache "$FOLDER"
  [[ "$output" == *'nothing to do'* ]]
  [ "$(snapshot "$PEI_APT_CONF_DIR")" = "$before" ]
  # Two that are installed here, one of them with a colon in its version, and one that is not.
  local archives="$BATS_TEST_TMPDIR/the archives" plain colon
  plain="$(dpkg-query -W -f '${Package}_${Version}_${Architecture}.deb' bash)"
  colon="$(dpkg-query -W -f '${Package}_${Version}_${Architecture}.deb\n' | grep -m 1 :)"
  colon="${colon//:/%3a}"
  mkdir "$archives"
  touch "$archives/${colon}" "$archives/bash_0.1_all.deb"
  echo deb >"$archives/$plain"
  chmod 600 "$archives/$plain"
  printf 'Dir::Cache::Archives "%s";\nDir::Etc::parts "%s";\n' "$archives" "$PEI_APT_CONF_DIR" >"$BATS_TEST_TMPDIR/apt.conf"
  export APT_CONFIG="$BATS_TEST_TMPDIR/apt.conf"
  hook="$(apt-config dump --format '%v%n' DPkg::Post-Invoke | grep apt-config)"
  sh -c "$hook"
  [ "$(cat "$FOLDER/$plain")" = deb ]
  [ "$(stat -c %a "$FOLDER/$plain")" = 644 ]
  [ -e "$FOLDER/$colon" ]
  [ "$(ls "$FOLDER" | wc -l)" -eq 2 ]
  rm -r "$FOLDER"
  run sh -c "$hook"
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "disable: removes its own file only, twice is once" {
  local kind
  for kind in external shadow; do
    apt_script "enable-$kind-cache" "$FOLDER"
  done
  apt_script disable-external-cache
  [ "$(ls "$PEI_APT_CONF_DIR")" = 01-shadow-cache ]
  apt_script disable-shadow-cache --dry-run
  [ "$(ls "$PEI_APT_CONF_DIR")" = 01-shadow-cache ]
  apt_script disable-shadow-cache
  run apt_script disable-shadow-cache
  [ "$status" -eq 0 ]
  [[ "$output" == *'nothing to do'* ]]
  [ -d "$FOLDER" ]
}
