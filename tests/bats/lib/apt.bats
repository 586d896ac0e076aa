#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common

# A machine with `have` installed, `offer` in its lists, and `late` only after a refresh.
setup() {
  ((EUID == 0)) || skip 'needs root'
  export PEI_APT_RETRY_DELAY=0
  LISTS="$BATS_TEST_TMPDIR/lists"
  mkdir "$LISTS"
  touch "$LISTS/x_Packages"
  stub apt-config "echo \"lists='$LISTS'\""
  stub dpkg-query '[[ "${*: -1}" == have ]] && printf installed'
  stub apt-cache "
case \"\$1 \${*: -1}\" in
  'policy offer') printf '  Candidate: 1\n' ;;
  'policy late') [[ -e '$LISTS/fresh_Packages' ]] && printf '  Candidate: 1\n' ;;
  'policy '*) printf '  Candidate: (none)\n' ;;
  'showpkg virtual') printf 'Reverse Provides: \nreal 1 (= )\n' ;;
  *) printf 'Reverse Provides: \n' ;;
esac; true"
  stub apt-get "
case \" \$* \" in
  *' update '*) [[ ! -e '$BATS_TEST_TMPDIR/offline' ]] && touch '$LISTS/fresh_Packages' ;;
  *' --simulate '*) [[ ! -e '$BATS_TEST_TMPDIR/conflict' ]] ;;
  *' install '*) [[ ! -e '$BATS_TEST_TMPDIR/stale' || -e '$LISTS/fresh_Packages' ]] ;;
esac"
}

@test "what is there already needs no call" {
  lib_run 'pei_apt_install have have=1.0'
  refute grep -q ^apt-get "$CALLS"
}

@test "installs what is missing, simulated first, without recommends or prompts" {
  lib_run 'pei_apt_install have offer virtual'
  run grep ^apt-get "$CALLS"
  [ "${#lines[@]}" -eq 2 ]
  [[ "${lines[0]}" == *'install --simulate'* ]]
  [[ "${lines[1]}" == *'install -y --no-install-recommends -- offer virtual' ]]
  [[ "${lines[1]}" == *'DPkg::Lock::Timeout='* ]]
}

@test "refreshes when the lists are empty or do not know a package" {
  lib_run 'pei_apt_install late'
  [ "$(grep ' update' "$CALLS" | grep -vc print-uris)" -eq 1 ]
  rm "$LISTS"/*
  : >"$CALLS"
  lib_run 'pei_apt_install offer'
  [ "$(grep ' update' "$CALLS" | grep -vc print-uris)" -eq 1 ]
}

@test "refreshes when the lists are older than the archive, and tries once more" {
  touch "$BATS_TEST_TMPDIR/stale"
  lib_run 'pei_apt_install offer'
  [ "$(grep ' update' "$CALLS" | grep -vc print-uris)" -eq 1 ]
  [ "$(grep -c 'install -y' "$CALLS")" -eq 2 ]
  rm "$LISTS/fresh_Packages"
  touch "$BATS_TEST_TMPDIR/offline"
  run lib_run 'pei_apt_install offer'
  [ "$status" -eq 1 ]
  [[ "$output" == *'apt-get install failed: offer' ]]
}

@test "an absent package is named and nothing is installed" {
  run lib_run 'pei_apt_install offer gone'
  [ "$status" -eq 1 ]
  [[ "$output" == *'not available on '*': gone' ]]
  refute grep -q 'install' "$CALLS"
}

@test "a conflict stops before the change" {
  touch "$BATS_TEST_TMPDIR/conflict"
  run lib_run 'pei_apt_install offer'
  [ "$status" -eq 1 ]
  refute grep -q 'install -y' "$CALLS"
}

@test "refresh is tried three times" {
  touch "$BATS_TEST_TMPDIR/offline"
  run lib_run 'pei_apt_update'
  [ "$status" -eq 1 ]
  [ "$(grep ' update' "$CALLS" | grep -vc print-uris)" -eq 3 ]
}

@test "a source that does not work is removed again, one that works stays" {
  local etc="$BATS_TEST_TMPDIR/etc"
  mkdir "$etc"
  echo key >"$BATS_TEST_TMPDIR/key"
  echo old >"$etc/pin"
  before="$(snapshot "$etc")"
  touch "$BATS_TEST_TMPDIR/offline"
  local add='pei_apt_source_set --list "$1/list" --line "deb x" --keyring "$1/keyring" --key "$2" --pin "$1/pin" --pin-text "Pin: y"'
  run lib_run "$add" "$etc" "$BATS_TEST_TMPDIR/key"
  [ "$status" -eq 1 ]
  [ "$(snapshot "$etc")" = "$before" ]
  rm "$BATS_TEST_TMPDIR/offline"
  lib_run "$add" "$etc" "$BATS_TEST_TMPDIR/key"
  [ "$(cat "$etc/list" "$etc/keyring" "$etc/pin")" = $'deb x\nkey\nPin: y' ]
}
