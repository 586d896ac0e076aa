#!/usr/bin/env bats
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  quick_downloads
  unset PEI_STAGE_DIR_1
  CPU="$SYSTEM/opencv/install-opencv-cpu.sh"
  CUDA="$SYSTEM/opencv/install-opencv-cuda.sh"
  CACHE="$BATS_TEST_TMPDIR/cache"
  export HOME="$BATS_TEST_TMPDIR/home" PEI_PREFIX_ROOT="$BATS_TEST_TMPDIR/root"
  mkdir "$HOME"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
}

teardown() { stop_server; }

# A machine on which everything but the downloads is a stand-in.
build_machine() {
  ((EUID == 0)) || skip 'needs root'
  stub_apt "$@"
  stub ldconfig
  stub nvidia-smi 'exit 9'
  # The three ways that CMake is called: configure, build, install.
  stub cmake '
case "$1" in
  -G)
    printf "%s\n" "$@" >"'"$BATS_TEST_TMPDIR"'/cmake-options"
    while [ "$1" != -B ]; do shift; done
    mkdir -p "$2"
    ;;
  --build) [ ! -e "'"$BATS_TEST_TMPDIR"'/break-build" ] || exit 1 ;;
  --install)
    lib="$DESTDIR/usr/local/lib"
    mkdir -p "$lib/pkgconfig"
    echo "Version: 4.12.0" >"$lib/pkgconfig/opencv4.pc"
    if grep -q WITH_CUDA=ON "'"$BATS_TEST_TMPDIR"'/cmake-options"; then touch "$lib/libopencv_cudev.so"; fi
    ;;
esac'
  start_server
  export PEI_DOWNLOAD_MIRROR="$SERVER"
  serve_repository opencv
  serve_repository opencv_contrib
}

# serve_repository NAME: a bare repository with tag and branch, readable by plain HTTP.
serve_repository() {
  local work="$BATS_TEST_TMPDIR/source/$1" bare="$SERVED/github.com/opencv/$1.git"
  git init -q -b 4.x "$work"
  touch "$work/CMakeLists.txt"
  git -C "$work" add .
  git -C "$work" -c user.name=t -c user.email=t@example.org commit -q -m t
  git -C "$work" tag 4.12.0
  git clone -q --bare "$work" "$bare"
  git -C "$bare" update-server-info
}

has_option() { grep -qx -- "$1" "$BATS_TEST_TMPDIR/cmake-options"; }

@test "usage, dry run, no root" {
  check_usage "$CPU" --cache-dir --version --jobs
  check_usage "$CUDA" --cache-dir --version --jobs --cuda-arch
  run bash "$CPU" --cache-dir relative
  [ "$status" -eq 2 ]
  check_needs_root "$CPU" --cache-dir /tmp
  check_dry_run "$CPU"
  [[ "$output" == *"$HOME/tmp/opencv-build"* ]]
  PEI_STAGE_DIR_1=/pei-from-host/stage-1 check_dry_run "$CUDA"
  [[ "$output" == *https://github.com/opencv/opencv_contrib.git*/pei-from-host/stage-1/tmp/opencv-build* ]]
}

@test "CPU: clones, builds, installs; no build tree is left; a second run does nothing" {
  build_machine libqt6core5compat6-dev
  run bash "$CPU" --cache-dir "$CACHE"
  [ "$status" -eq 0 ] || fail_with build
  [[ "$output" == *'skipping libqt6core5compat6-dev'* ]]
  [ -f "$PEI_PREFIX_ROOT/usr/local/lib/pkgconfig/opencv4.pc" ]
  [ "$(ls "$CACHE")" = "$(printf 'opencv\nopencv_contrib')" ]
  has_option "-DOPENCV_EXTRA_MODULES_PATH=$CACHE/opencv_contrib/modules"
  has_option -DBUILD_PERF_TESTS=OFF
  has_option -DWITH_QT=ON
  run grep CUDA "$BATS_TEST_TMPDIR/cmake-options"
  [ "$status" -eq 1 ]
  grep -qx ldconfig <(sed 's/ *$//' "$CALLS")
  [[ " $(installed_packages)" == *' cmake '* && " $(installed_packages)" == *' git '* ]]

  : >"$CALLS"
  run bash "$CPU" --cache-dir "$CACHE"
  [[ "$output" == *'already in'* ]]
  run ! grep -q '^cmake' "$CALLS"

  # With the clones kept, --force asks no server.
  : >"$SERVER_LOG"
  run bash "$CPU" --cache-dir "$CACHE" --force
  [ "$status" -eq 0 ]
  [ ! -s "$SERVER_LOG" ]
}

@test "a failed build leaves /usr/local alone and no build tree" {
  build_machine
  touch "$BATS_TEST_TMPDIR/break-build"
  run bash "$CPU" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  [ ! -e "$PEI_PREFIX_ROOT" ]
  [ ! -e "$CACHE/opencv-build" ]
  run ! grep -q '^ldconfig' "$CALLS"
}

@test "no such repository: status 1, nothing built" {
  build_machine
  rm -r "$SERVED/github.com/opencv/opencv_contrib.git"
  # Where the true host is in reach, this must not clone from it.
  http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 run bash "$CPU" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  [ ! -e "$CACHE/opencv_contrib" ]
  run ! grep -q '^cmake' "$CALLS"
}

@test "CUDA: needs the toolkit, takes the architecture from flag, GPU, or leaves it to the build" {
  build_machine
  run bash "$CUDA" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  [[ "$output" == *'no package cuda-toolkit-'* ]]
  [ ! -e "$CACHE" ]

  sed -i '2a case "$*" in *cuda-toolkit*) echo "installed cuda-toolkit-12-4"; exit 0 ;; esac' "$BATS_TEST_TMPDIR/stubs/dpkg-query"
  run bash "$CUDA" --cache-dir "$CACHE"
  [ "$status" -eq 0 ] || fail_with cuda
  has_option -DWITH_CUDA=ON
  has_option -DOPENCV_DNN_CUDA=ON
  run ! grep -q CUDA_ARCH_BIN "$BATS_TEST_TMPDIR/cmake-options"

  stub nvidia-smi 'printf "8.6\n7.5\n"'
  run bash "$CUDA" --cache-dir "$CACHE" --force
  has_option -DCUDA_ARCH_BIN=8.6
  run bash "$CUDA" --cache-dir "$CACHE" --force --cuda-arch 9.0
  has_option -DCUDA_ARCH_BIN=9.0
  run bash "$CUDA" --cache-dir "$CACHE"
  [[ "$output" == *'already in'* ]]
}

@test "a CPU build does not count as the CUDA build" {
  build_machine
  run bash "$CPU" --cache-dir "$CACHE"
  run bash "$CUDA" --cache-dir "$CACHE"
  [ "$status" -eq 1 ]
  [[ "$output" != *'already in'* ]]
}
