#!/usr/bin/env bats
# setup-ros2-repo.sh, install-ros2.sh, init-rosdep.sh; setup-locale.sh is in locale.bats.
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  quick_downloads
  export PEI_APT_RETRY_DELAY=0
  REPO_SCRIPT="$SYSTEM/ros2/setup-ros2-repo.sh"
  INSTALL="$SYSTEM/ros2/install-ros2.sh"
  ROSDEP="$SYSTEM/ros2/init-rosdep.sh"
  export PEI_ETC="$BATS_TEST_TMPDIR/etc" PEI_KEYRINGS="$BATS_TEST_TMPDIR/keyrings"
  unset PEI_HTTP_PROXY_1 PEI_HTTPS_PROXY_1 PEI_DOWNLOAD_MIRROR
  mkdir "$PEI_ETC" "$PEI_KEYRINGS"
  os_release ubuntu 24.04 noble
}

teardown() { stop_server; }

untouched() {
  [ -z "$(ls -A "$PEI_KEYRINGS")" ]
  [ -z "$(find "$PEI_ETC" -type f)" ]
}

# A key of one's own, served as ROS's.
serve_key() {
  command -v gpg >/dev/null || skip 'needs gpg'
  local home="$BATS_TEST_TMPDIR/gnupg"
  mkdir -m 700 "$home"
  gpg --homedir "$home" --batch --quiet --passphrase '' --quick-generate-key test@example.org ed25519 sign never 2>/dev/null
  FINGERPRINT="$(gpg --homedir "$home" --list-keys --with-colons | awk -F: '$1 == "fpr" { print $10; exit }')"
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  gpg --homedir "$home" --armor --export | serve raw.githubusercontent.com/ros/rosdistro/master/ros.key
  gpgconf --homedir "$home" --kill all
}

@test "usage" {
  check_usage "$REPO_SCRIPT" --repo --key-url --key-fingerprint
  check_usage "$INSTALL" --distro
  check_usage "$ROSDEP" --user --sources-url
  run bash "$REPO_SCRIPT" --repo nowhere
  [ "$status" -eq 2 ]
  run bash "$INSTALL" --with-nav2-full --without-nav2
  [ "$status" -eq 2 ]
}

@test "dry run, no root" {
  check_dry_run "$REPO_SCRIPT"
  check_dry_run "$INSTALL" --with-gui --with-nav2-full
  check_dry_run "$ROSDEP"
  check_needs_root "$REPO_SCRIPT"
  check_needs_root "$INSTALL"
  run bash "$ROSDEP" --user no-such-user
  [ "$status" -eq 1 ]
}

@test "Debian is refused before anything changes" {
  os_release debian 12 bookworm
  local script
  for script in "$REPO_SCRIPT" "$INSTALL"; do
    run bash "$script"
    [ "$status" -eq 1 ]
    [[ "$output" == *'not for debian 12'* ]]
  done
  untouched
}

@test "source: key, list, once; with a mirror of one's own" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  serve_key
  run bash "$REPO_SCRIPT" --key-fingerprint "$FINGERPRINT"
  [ "$status" -eq 0 ] || fail_with first
  grep -qx "deb \[arch=.* signed-by=$PEI_KEYRINGS/ros-archive-keyring.gpg\] $SERVER/packages.ros.org/ros2/ubuntu noble main" \
    "$PEI_ETC/apt/sources.list.d/ros2.list"
  # Binary, as the name says.
  run ! grep -q 'BEGIN PGP' "$PEI_KEYRINGS/ros-archive-keyring.gpg"
  gpg --batch --show-keys "$PEI_KEYRINGS/ros-archive-keyring.gpg"

  local before
  before="$(
    snapshot "$PEI_ETC"
    snapshot "$PEI_KEYRINGS"
  )"
  : >"$CALLS"
  run bash "$REPO_SCRIPT"
  [[ "$output" == *'already names'* ]]
  [ "$before" = "$(
    snapshot "$PEI_ETC"
    snapshot "$PEI_KEYRINGS"
  )" ]
  run ! grep -q '^apt-get' "$CALLS"

  run bash "$REPO_SCRIPT" --repo tuna --key-fingerprint "$FINGERPRINT"
  [ "$status" -eq 0 ]
  grep -q "$SERVER/mirrors.tuna.tsinghua.edu.cn/ros2/ubuntu" "$PEI_ETC/apt/sources.list.d/ros2.list"
  [ "$(wc -l <"$PEI_ETC/apt/sources.list.d/ros2.list")" -eq 1 ]
}

@test "source: a place that does not answer is followed by the next, none leaves nothing" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  serve_key
  # Only the plain address answers.
  stub apt-get '
case "$*" in
  *sourceparts=-*) grep -q " http://packages.ros.org/ros2/ubuntu" "'"$PEI_ETC"'/apt/sources.list.d/ros2.list" ;;
esac'
  run bash "$REPO_SCRIPT" --key-fingerprint "$FINGERPRINT"
  [ "$status" -eq 0 ] || fail_with fallback
  grep -q ' http://packages.ros.org/ros2/ubuntu noble main' "$PEI_ETC/apt/sources.list.d/ros2.list"

  rm -r "$PEI_ETC/apt" "${PEI_KEYRINGS:?}"/*
  stub apt-get 'case "$*" in *sourceparts=-*) exit 100 ;; esac'
  run bash "$REPO_SCRIPT" --key-fingerprint "$FINGERPRINT"
  [ "$status" -eq 1 ]
  untouched
}

@test "source: a key that is missing, or not the one expected, changes nothing" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  serve_key
  run bash "$REPO_SCRIPT"
  [ "$status" -eq 1 ]
  [[ "$output" == *"fingerprint is \`$FINGERPRINT\`, expected \`C1CF6E31E6BADE8868B172B4F42ED6FBAB17C654\`"* ]]
  untouched
  rm -r "$SERVED/raw.githubusercontent.com"
  http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 run bash "$REPO_SCRIPT" --key-fingerprint "$FINGERPRINT"
  [ "$status" -eq 1 ]
  untouched
}

@test "install: the release's own ROS, what the flags add and take away, once" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  run bash "$INSTALL"
  [ "$status" -eq 0 ] || fail_with install
  [ "$(installed_packages)" = "$(printf '%s ' ros-dev-tools ros-jazzy-{cyclonedds,nav2-lifecycle-manager,nav2-util,rmw-cyclonedds-cpp,ros-base})" ]
  run bash "$INSTALL"
  [[ "$output" == *'already installed'* ]]

  : >"$BATS_TEST_TMPDIR/installed-packages"
  run bash "$INSTALL" --without-nav2 --with-gui
  [ "$(installed_packages)" = "$(printf '%s ' ros-dev-tools ros-jazzy-{cyclonedds,rmw-cyclonedds-cpp,ros-base,rqt,rviz2})" ]

  sed -i '2a case "$1" in pkgnames) printf "%s\\n" "$2"3-sim "$2"4-sim; exit ;; esac' "$BATS_TEST_TMPDIR/stubs/apt-cache"
  run bash "$INSTALL" --with-nav2-full --distro rolling
  [ "$status" -eq 0 ]
  [[ "$output" == *'rolling changes all the time'* ]]
  [[ "$(installed_packages)" == *ros-rolling-nav2-minimal-tb3-sim*ros-rolling-nav2-minimal-tb4-sim* ]]
}

@test "install: a ROS that this release does not have, or no source" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt ros-jazzy-ros-base
  run bash "$INSTALL" --distro humble
  [ "$status" -eq 1 ]
  [[ "$output" == *'no ROS 2 `humble` for Ubuntu 24.04'* ]]
  run bash "$INSTALL"
  [ "$status" -eq 1 ]
  [[ "$output" == *setup-ros2-repo.sh* ]]
  [ -z "$(installed_packages)" ]
  os_release ubuntu 22.04 jammy
  run bash "$INSTALL" --dry-run
  [[ "$output" == *ros-humble-ros-base* ]]
}

@test "rosdep: list and cache, once; the mirror reaches both" {
  ((EUID == 0)) || skip 'needs root'
  fake_home root
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  echo 'yaml https://raw.githubusercontent.com/ros/rosdistro/master/rosdep/base.yaml' \
    | serve raw.githubusercontent.com/ros/rosdistro/master/rosdep/sources.list.d/20-default.list
  stub rosdep '[ "$1" = update ] && mkdir -p "$HOME/.ros/rosdep/sources.cache" && echo "$ROSDISTRO_INDEX_URL" >"$HOME/.ros/rosdep/sources.cache/index"'
  run bash "$ROSDEP"
  [ "$status" -eq 0 ] || fail_with first
  grep -qx "yaml $SERVER/raw.githubusercontent.com/ros/rosdistro/master/rosdep/base.yaml" "$PEI_ETC/ros/rosdep/sources.list.d/20-default.list"
  grep -qx "$SERVER/raw.githubusercontent.com/ros/rosdistro/master/index-v4.yaml" "$FAKE_HOME/.ros/rosdep/sources.cache/index"
  run bash "$ROSDEP"
  [[ "$output" == *'already set up'* ]]
  run bash "$ROSDEP" --force
  [ "$status" -eq 0 ]
}

@test "rosdep: failures leave no list" {
  ((EUID == 0)) || skip 'needs root'
  fake_home root
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  stub rosdep 'exit 1'
  http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 run bash "$ROSDEP"
  [ "$status" -eq 1 ]
  untouched
  echo list | serve raw.githubusercontent.com/ros/rosdistro/master/rosdep/sources.list.d/20-default.list
  run bash "$ROSDEP"
  [ "$status" -eq 1 ]
  [[ "$output" == *'cannot fill its cache'* ]]
  untouched
}
