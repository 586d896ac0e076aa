# shellcheck shell=bash
# shellcheck disable=SC2154 # status and output are set by `run` of bats
# What every installer promises, as checks that a tool's test file calls.

# check_usage SCRIPT [VALUE_FLAG…]: help names every flag; bad flags and missing values end with 2 and a message.
check_usage() {
  local script="$1" flag
  shift
  run bash "$script" --help
  [ "$status" -eq 0 ]
  [[ "$output" == Usage:* ]]
  for flag in "$@" --dry-run --force --help; do
    [[ "$output" == *"$flag"* ]] || fail_with "--help does not name $flag"
  done
  local help="$output"
  run bash "$script" -h
  [ "$status" -eq 0 ]
  [ "$output" = "$help" ]

  run bash "$script" --no-such-flag
  [ "$status" -eq 2 ] || fail_with "unknown flag: status $status"
  [[ "$output" == *'unknown option `--no-such-flag`'* ]]
  for flag in "$@"; do
    run timeout 20 bash "$script" "$flag"
    [ "$status" -eq 2 ] || fail_with "$flag without its value: status $status"
    [[ "$output" == *"option \`$flag\` needs a value"* ]]
  done
}

# check_dry_run SCRIPT [ARGUMENT…]: it prints something, asks no question, changes nothing.
check_dry_run() {
  local script="$1" before
  shift
  forbid_effects
  before="$(snapshot_all)"
  run bash "$script" --dry-run "$@"
  [ "$status" -eq 0 ] || fail_with "dry run: status $status: $output"
  [[ "$output" == *would* ]]
  [ "$before" = "$(snapshot_all)" ] || fail_with 'dry run changed something'
}

# The test's whole directory, without the records of stubs and the server.
snapshot_all() { snapshot "$BATS_TEST_TMPDIR" | grep -vE ' \./(calls|requests)( |$)|^\./(calls|requests) '; }

# Commands that fetch or change something fail from here on, and would be noted.
forbid_effects() {
  local name
  for name in curl wget git apt-get pip pip3 conda runuser su locale-gen update-locale dpkg cmake ninja ldconfig; do
    stub "$name" 'exit 97'
  done
}

# check_needs_root SCRIPT [ARGUMENT…]
check_needs_root() {
  local script="$1" open
  shift
  if ((EUID == 0)); then
    # Bats' directories are closed to other users, and those above this tree may be, so they get a copy; stubs on PATH are not
    # for them.
    open="$(mktemp -d)"
    cp -R "$REPO/installation" "$open/"
    script="$open${script#"$REPO"}"
    if [ -n "${PEI_ETC-}" ]; then cp -r "$PEI_ETC" "$open/etc"; fi
    cp "${PEI_OS_RELEASE:-/etc/os-release}" "$open/os-release"
    chmod -R a+rX "$open"
    run /usr/sbin/runuser -u nobody -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent \
      ${PEI_ETC:+PEI_ETC="$open/etc"} PEI_OS_RELEASE="$open/os-release" bash "$script" "$@"
    rm -rf "$open"
  else
    run bash "$script" "$@"
  fi
  [ "$status" -eq 1 ] || fail_with "not root: status $status: $output"
  [[ "$output" == *'needs root'* ]] || fail_with 'not root: another message'
}

fail_with() {
  printf '%s\n' "$*" "$output" >&2
  return 1
}

# os_release ID VERSION CODENAME: the release that the library believes to be on.
os_release() {
  export PEI_OS_RELEASE="$BATS_TEST_TMPDIR/os-release"
  printf 'ID=%s\nVERSION_ID="%s"\nVERSION_CODENAME=%s\nUBUNTU_CODENAME=%s\n' "$1" "$2" "$3" "$3" >"$PEI_OS_RELEASE"
}

# stub_apt [UNKNOWN_PACKAGE…]: an apt that knows every package but those, and "installs" what it is asked for.
stub_apt() {
  local unknown=" $* " state="$BATS_TEST_TMPDIR/installed-packages"
  touch "$state"
  stub dpkg-query "
name=\"\${*: -1}\"
case \"\$*\" in *-W*) ;; *) exit 1 ;; esac
grep -qxF -- \"\$name\" '$state' && printf installed || exit 1"
  stub apt-cache "
name=\"\${*: -1}\"
case '$unknown' in *\" \$name \"*) exit 0 ;; esac
case \"\$1\" in policy) printf '%s:\n  Installed: (none)\n  Candidate: 1.0\n' \"\$name\" ;; esac"
  stub apt-get "
case \" \$* \" in
  *' --simulate '*) exit 0 ;;
  *' install '*)
    seen=no
    for word; do
      [ \"\$seen\" = yes ] && printf '%s\n' \"\$word\" >>'$state'
      [ \"\$word\" = -- ] && seen=yes
    done
    ;;
esac
exit 0"
}

# installed_packages: what stub_apt installed, in one line.
installed_packages() { sort -u "$BATS_TEST_TMPDIR/installed-packages" | tr '\n' ' '; }
