#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # texts for other shells; stderr is set by bats
# What holds for every installer, whatever it installs. The list is read from the disk, so a new one is held to it too.
load ../support/common

setup() {
  SCRIPTS=()
  local script
  for script in "$REPO"/installation/stage-[12]/{system,utilities,custom}/{,*/}*{.sh,.bash}; do
    is_installer "$script" && SCRIPTS+=("${script#"$REPO/installation/"}")
  done
  forbid_network
  stub pip 'exit 1'
  fake_home "$(id -un)"
  export HOME="$FAKE_HOME" PEI_ETC="$BATS_TEST_TMPDIR/etc" PEI_APT_CONF_DIR="$BATS_TEST_TMPDIR/etc/apt.conf.d" PEI_BIN_DIR="$BATS_TEST_TMPDIR/bin"
  mkdir -p "$PEI_APT_CONF_DIR" "$PEI_BIN_DIR"
  # All of them exist for this one.
  export PEI_OS_RELEASE="$PEI_ETC/os-release"
  printf '%s\n' ID=ubuntu 'VERSION_ID="24.04"' VERSION_CODENAME=noble UBUNTU_CODENAME=noble >"$PEI_OS_RELEASE"
  unset PEI_DOWNLOAD_MIRROR PEI_STAGE_DIR_1 PEI_STAGE_DIR_2
}

teardown() { [[ -z "${OPEN-}" ]] || rm -rf "$OPEN"; }

# Not the files that others source, not stage-2's forwarders, and of the samples only those that install something by
# themselves.
is_installer() {
  [[ -f "$1" && "$(head -n 1 "$1")" == '#!'*bash ]] || return 1
  ! grep -qE 'Stage-2 entry for|^exec bash .*/install-miniconda.sh' "$1" || return 1
  [[ "$1" != */custom/* || "${1##*/}" == install-* ]]
}

# What a script needs to have something to do.
words_for() {
  case "$1" in
    */configure-pip-repo.sh) printf 'tuna\n' ;;
    */install-python-packages.sh) printf '%s\n' --conda-dir "$BATS_TEST_TMPDIR/none" ;;
  esac
}

# run_it SCRIPT [ARGUMENT…]
run_it() {
  local script="$1" text
  local -a words=()
  shift
  text="$(words_for "$script")"
  [[ -z "$text" ]] || mapfile -t words <<<"$text"
  run timeout 20 bash "$REPO/installation/$script" "${words[@]}" "$@"
}

# The sentence at a script's head that says what needs root.
root_of() { grep -m 1 -oE 'Root: .*' "$REPO/installation/$1" | sed -E 's/Root: +//'; }

wrong() {
  printf '%s\n' "$*" "status $status" "$output" >&2
  return 1
}

@test "they are all found, and each says at its head who runs it and what it fetches" {
  local script
  ((${#SCRIPTS[@]} >= 43))
  for script in "${SCRIPTS[@]}"; do
    [[ "$(root_of "$script")" =~ ^(yes|no|only|for|to) ]] || wrong "$script does not say what needs root"
    grep -qE '^# .*Network: +[A-Za-z]' "$REPO/installation/$script" || wrong "$script does not say what it fetches"
  done
}

@test "--help: status 0, every common option, nothing on stderr" {
  local script word
  for script in "${SCRIPTS[@]}"; do
    run --separate-stderr bash "$REPO/installation/$script" --help
    [ "$status" -eq 0 ] || wrong "$script"
    [[ "${output%%$'\n'*}" =~ ^Usage:\ (source\ )?"${script##*/}"\ \[(OPTIONS|options)\] ]] || wrong "$script"
    [ "$stderr" = '' ] || wrong "$script"
    for word in --dry-run --force '-h, --help'; do [[ "$output" == *"$word"* ]] || wrong "$script: $word"; done
    [ "$(bash "$REPO/installation/$script" -h)" = "$output" ] || wrong "$script -h"
  done
}

@test "an unknown option: status 2 and a message" {
  local script
  for script in "${SCRIPTS[@]}"; do
    run_it "$script" --no-such-option
    [ "$status" -eq 2 ] || wrong "$script"
    [[ "$output" == *'unknown option `--no-such-option`'* ]] || wrong "$script"
    run_it "$script" --dry-run=yes
    [ "$status" -eq 2 ] || wrong "$script --dry-run=yes"
  done
  refute network_was_tried
}

@test "an option without its value: status 2 and a message, both at the end and before another option" {
  local script option
  for script in "${SCRIPTS[@]}"; do
    for option in $(bash "$REPO/installation/$script" --help | sed -nE 's/^  (--[a-z0-9-]+) [^ ].*/\1/p'); do
      run_it "$script" "$option"
      [ "$status" -eq 2 ] || wrong "$script $option"
      [[ "$output" == *"option \`$option\` needs a value"* ]] || wrong "$script $option"
      run_it "$script" "$option" --dry-run
      [ "$status" -eq 2 ] || wrong "$script $option --dry-run"
      # Older configs have an empty one.
      [[ "$option" != --pip-repo ]] || continue
      run_it "$script" "$option="
      [ "$status" -eq 2 ] || wrong "$script $option="
    done
  done
  refute network_was_tried
}

@test "a dry run: status 0, some words, no change, no network" {
  local script before
  # So that the scripts which make Clang the default, or act by pixi, have something to speak of.
  fake_program "$PEI_BIN_DIR/clang-77" 77.0
  fake_program "$PEI_BIN_DIR/clang++-77" 77.0
  fake_program "$FAKE_HOME/.pixi/bin/pixi" 1.0
  rm -f "$BATS_TEST_TMPDIR/stubs/pixi"
  for script in "${SCRIPTS[@]}"; do
    before="$(everything)"
    run_it "$script" --dry-run
    [ "$status" -eq 0 ] || wrong "$script"
    [ "$output" != '' ] || wrong "$script"
    [ "$(everything)" = "$before" ] || wrong "$script changed something"
  done
  refute network_was_tried
}

everything() {
  snapshot "$FAKE_HOME"
  snapshot "$PEI_ETC"
  snapshot "$PEI_BIN_DIR"
}

@test "a dry run names the mirror's places first" {
  local script
  for script in bun/install-bun.sh uv/install-uv.sh uv/install-uv-for-everyone.bash pixi/install-pixi.bash nodejs/install-nvm.sh \
    nodejs/install-nodejs.sh nodejs/install-nvm-nodejs.sh nodejs/install-angular.sh clang/install-clang.sh \
    firefox/setup-firefox-repo.sh claude-code/install-claude-code.sh codex-cli/install-codex-cli.sh litellm/install-litellm.sh \
    conda/install-miniconda.sh magnum/install-magnum-gl.sh opencv/install-opencv-cpu.sh opencv/install-opencv-cuda.sh \
    ros2/setup-ros2-repo.sh ros2/init-rosdep.sh; do
    rm -rf "${FAKE_HOME:?}"/.[a-z]*
    PEI_DOWNLOAD_MIRROR=http://box:1/all run_it "stage-1/system/$script" --dry-run --force
    [ "$status" -eq 0 ] || wrong "$script"
    [[ "$output" == *http://box:1/all/* ]] || wrong "$script"
  done
}

@test "an unknown user: status 1 and nothing done" {
  local script
  for script in "${SCRIPTS[@]}"; do
    bash "$REPO/installation/$script" --help | grep -q -e '--user' || continue
    run_it "$script" --user no-such-user
    [ "$status" -eq 1 ] || wrong "$script"
    [[ "$output" == *'user `no-such-user` does not exist'* ]] || wrong "$script"
    [ "${#lines[@]}" -eq 1 ] || wrong "$script"
  done
  refute network_was_tried
}

@test "without root, where root is needed: status 1 and a message" {
  ((EUID == 0)) || skip 'needs root to become somebody else'
  local script
  # A copy that is open to everyone; the tree and bats' directories need not be.
  OPEN="$(mktemp -d)"
  cp -R "$REPO/installation" "$PEI_ETC" "$PEI_BIN_DIR" "$OPEN/"
  touch "$OPEN/etc/shinit_v2" "$OPEN"/etc/apt.conf.d/01-{external,shadow}-cache
  fake_program "$OPEN/bin/clang-77" 77.0
  fake_program "$OPEN/bin/clang++-77" 77.0
  chmod -R a+rX "$OPEN"
  for script in "${SCRIPTS[@]}"; do
    if [[ "$(root_of "$script")" == yes* ]]; then
      run as_nobody "$OPEN" "$script" --force
      [ "$status" -eq 1 ] || wrong "$script"
      [[ "$output" == *'needs root'* ]] || wrong "$script"
    fi
    if bash "$REPO/installation/$script" --help | grep -q -e '--user'; then
      run as_nobody "$OPEN" "$script" --user root
      [ "$status" -eq 1 ] || wrong "$script --user root"
      [[ "$output" == *'needs root to act for `root`'* ]] || wrong "$script --user root"
    fi
  done
}

as_nobody() {
  local open="$1" script="$2"
  shift 2
  (cd / && runuser -u nobody -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent PEI_ETC="$open/etc" PEI_BIN_DIR="$open/bin" \
    PEI_APT_CONF_DIR="$open/etc/apt.conf.d" PEI_OS_RELEASE="$open/etc/os-release" timeout 20 bash "$open/installation/$script" "$@")
}

@test "no tool reaches into another tool's directory, which a build hook does not see" {
  run grep -rE '\.\./[a-z0-9-]+[./]' "$SYSTEM" --include='*.sh' --include='*.bash'
  [ "$(grep -vF ../lib/ <<<"$output")" = '' ]
}

@test "a tool's directory and the library are enough, as in a build" {
  local script tool view="$BATS_TEST_TMPDIR/view/stage-1"
  for script in "${SCRIPTS[@]}"; do
    [[ "$script" == stage-1/system/* ]] || continue
    tool="$(cut -d/ -f3 <<<"$script")"
    rm -rf "$view"
    mkdir -p "$view/system"
    cp -R "$STAGE1/lib" "$view/"
    cp -R "$SYSTEM/$tool" "$view/system/"
    run bash "$view/../$script" --help
    [ "$status" -eq 0 ] || wrong "$script"
  done
}

@test "a malformed version is a usage error" {
  local script
  for script in bun/install-bun.sh uv/install-uv.sh uv/install-uv-for-everyone.bash pixi/install-pixi.bash litellm/install-litellm.sh \
    claude-code/install-claude-code.sh codex-cli/install-codex-cli.sh nodejs/install-nvm.sh nodejs/install-nodejs.sh clang/install-clang.sh; do
    run bash "$SYSTEM/$script" --version "1'; touch /tmp/never"
    [ "$status" -eq 2 ]
  done
  refute network_was_tried
}

@test "every script loads without running" {
  local script
  for script in "${SCRIPTS[@]}"; do
    # The sourced ones are meant to act then; the samples are for users, who do not source them.
    [[ "$(bash "$REPO/installation/$script" --help)" != 'Usage: source'* && "$script" != */custom/* ]] || continue
    run bash -c 'source "$1"' _ "$REPO/installation/$script"
    [ "$status" -eq 0 ] || wrong "$script"
    [ "$output" = '' ] || wrong "$script"
  done
}

# script: where a test runs it a second time and sees that nothing changes.
second_runs() {
  cat <<'LIST'
stage-1/custom/install-dev-tools.sh             real.bats: the two installers of the default configuration, twice
stage-1/system/apt/disable-external-cache.sh    apt.bats: disable: removes its own file only, twice is once
stage-1/system/apt/disable-shadow-cache.sh      apt.bats: disable: removes its own file only, twice is once
stage-1/system/apt/enable-external-cache.sh     apt.bats: external cache: what apt then believes, the directory's mode, and a second run that does nothing
stage-1/system/apt/enable-shadow-cache.sh       apt.bats: shadow cache: the hook copies from where the archives are now, and never fails
stage-1/system/bun/install-bun.sh               bun.bats: the pinned release, its PATH, and a second run that does nothing
stage-1/system/clang/install-clang.sh           clang.bats: installed already, other releases, the proxy of the image
stage-1/system/clang/setup-latest-clang-as-default.sh  real-tools.bats: clang from the distribution compiles, and becomes the default beside gcc
stage-1/system/claude-code/install-claude-code.sh  real-tools.bats: bun, codex and claude code for another user, without node, then again
stage-1/system/codex-cli/install-codex-cli.sh   bun-clis.bats: codex: installed at the pinned version, on PATH, and a second run that installs nothing
stage-1/system/conda/activate-conda-on-login.sh conda-login.bats: a second time does nothing, --force does it again
stage-1/system/conda/configure-conda-repo.sh    conda.bats: configure-conda-repo: tuna by default, own settings are kept, and the way back
stage-1/system/conda/configure-pip-repo.sh      conda.bats: configure-pip-repo: sets, repeats, removes, complains
stage-1/system/conda/install-miniconda.sh       conda.bats: installs, every kind of shell sees it, a second run changes nothing
stage-1/system/firefox/setup-firefox-repo.sh    real-tools.bats: Mozilla's source, stood in for: the pin wins over a newer package, a second run does nothing
stage-1/system/litellm/install-litellm.sh       litellm.bats: installed at the pinned version, and a second run that installs nothing
stage-1/system/magnum/install-magnum-gl.sh      magnum.bats: clones, builds in order, installs, cleans up; a second run does nothing
stage-1/system/ngc/fix-shinit.sh                ngc.bats: defaults where unset, values of the image kept, no empty entry, done once
stage-1/system/nodejs/install-angular.sh        nodejs.bats: angular: brings pnpm, sets the package manager, and a second run does nothing
stage-1/system/nodejs/install-nodejs.sh         nodejs.bats: Node: installed by nvm from the mirror, made the default, not fetched twice
stage-1/system/nodejs/install-nvm-nodejs.sh     nodejs.bats: both: shells find node, links are made, a second run does nothing
stage-1/system/nodejs/install-nvm.sh            nodejs.bats: nvm: cloned at the pinned tag, loaded by every shell that should, and a second run that does nothing
stage-1/system/opencv/install-opencv-cpu.sh     opencv.bats: CPU: clones, builds, installs; no build tree is left; a second run does nothing
stage-1/system/opencv/install-opencv-cuda.sh    opencv.bats: CUDA: needs the toolkit, takes the architecture from flag, GPU, or leaves it to the build
stage-1/system/opengl/setup-opengl-win32.sh     opengl.bats: packages that the release lacks are left out, the rest is installed, once
stage-1/system/pixi/create-env-common.bash      pixi.bats: environments: one global environment for who has pixi, a failure is a failure
stage-1/system/pixi/create-env-ml.bash          pixi.bats: environments: one global environment for who has pixi, a failure is a failure
stage-1/system/pixi/install-pixi.bash           pixi.bats: the pinned release, its variables, and a second run that does nothing
stage-1/system/proxy/disable-pei-proxy.sh       proxy.bats: stage 1's proxies, overridden by stage 2's, and off again
stage-1/system/proxy/enable-pei-proxy.sh        proxy.bats: stage 1's proxies, overridden by stage 2's, and off again
stage-1/system/ros2/init-rosdep.sh              ros2.bats: rosdep: list and cache, once; the mirror reaches both
stage-1/system/ros2/install-ros2.sh             ros2.bats: install: the release's own ROS, what the flags add and take away, once
stage-1/system/ros2/setup-locale.sh             real.bats: locale
stage-1/system/ros2/setup-ros2-repo.sh          ros2.bats: source: key, list, once; with a mirror of one's own
stage-1/system/set-locale.sh                    locale.bats: generates, sets the default, does it once
stage-1/system/uv/install-uv-for-everyone.bash  uv.bats: for everyone: one download, each owns a copy, a second run does nothing
stage-1/system/uv/install-uv.sh                 uv.bats: the pinned release, its PATH, and a second run that does nothing
stage-1/system/vision-dev/install-vision-dev.bash  vision.bats: vision-dev: packages of apt and pip, once
stage-2/custom/install-gui-tools.sh             real.bats: the two installers of the default configuration, twice
stage-2/system/conda/auto-install-miniconda.sh  conda.bats: stage 2: both from their cache, path with spaces and quotes, once
stage-2/system/conda/auto-install-miniforge.sh  conda.bats: stage 2: both from their cache, path with spaces and quotes, once
stage-2/utilities/install-cv-essentials.sh      vision.bats: cv-essentials: no package called python, once
stage-2/utilities/install-python-packages.sh    vision.bats: python-packages: every list reaches its installer, once
LIST
}

@test "every script has a test of its second run" {
  local script file name
  [ "$(second_runs | cut -d' ' -f1)" = "$(printf '%s\n' "${SCRIPTS[@]}" | LC_ALL=C sort)" ]
  while read -r script file name; do
    grep -qF "@test \"$name\"" "$REPO/tests/bats/tools/${file%:}" || wrong "no test \`$name\` for $script"
  done < <(second_runs)
}
