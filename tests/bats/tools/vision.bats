#!/usr/bin/env bats
# vision-dev/install-vision-dev.bash and the two scripts of stage-2/utilities
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load contract

setup() {
  unset PEI_DOWNLOAD_MIRROR PEI_STAGE_DIR_1
  VISION="$SYSTEM/vision-dev/install-vision-dev.bash"
  ESSENTIALS="$REPO/installation/stage-2/utilities/install-cv-essentials.sh"
  PYTHON="$REPO/installation/stage-2/utilities/install-python-packages.sh"
  CONDA="$BATS_TEST_TMPDIR/conda"
  cp "$SYSTEM/vision-dev/requirements.txt" "$BATS_TEST_TMPDIR/wanted"
}

# A python3 whose packages are a file, with a pip that knows, or does not know, --break-system-packages.
stub_python() {
  local help="$1"
  stub python3 '
case "$*" in
  *--help*) echo "'"$help"'" ;;
  *//down/*) false ;;
  "-m pip install"*) [ ! -e "'"$BATS_TEST_TMPDIR"'/break-pip" ] && touch "'"$BATS_TEST_TMPDIR"'/pip-done" ;;
  -*) [ -e "'"$BATS_TEST_TMPDIR"'/pip-done" ] ;;
esac'
}

# A conda that runs programs of the environment from a stub.
stub_conda() {
  mkdir -p "$CONDA/bin"
  CALLS="$BATS_TEST_TMPDIR/calls"
  cat >"$CONDA/bin/conda" <<TEXT
#!/bin/bash
printf 'conda %s\n' "\$*" >>"$CALLS"
case "\$*" in
  *//down/*) false ;;
  run*' -c '*) [ -e "$BATS_TEST_TMPDIR/all-done" ] ;;
  run*mmcv==*) [ ! -e "$BATS_TEST_TMPDIR/break-mmcv" ] && touch "$BATS_TEST_TMPDIR/all-done" ;;
esac
TEXT
  chmod +x "$CONDA/bin/conda"
}

@test "usage" {
  check_usage "$VISION" --pypi-repo
  check_usage "$ESSENTIALS"
  check_usage "$PYTHON" --conda-dir --env --cuda --pypi-repo --channel-base --mmcv-base
  run bash "$PYTHON" --cuda 99
  [ "$status" -eq 2 ]
}

@test "dry run, no root" {
  check_dry_run "$VISION"
  check_dry_run "$ESSENTIALS"
  check_dry_run "$PYTHON" --conda-dir "$CONDA" --cuda 11.8
  [[ "$output" == *pytorch-cuda=11.8*nvidia-dali-cuda110*cu118/torch2.3/index.html* ]]
}

@test "no root" {
  command -v dpkg-query >/dev/null || skip 'needs dpkg'
  check_needs_root "$VISION" --force
  check_needs_root "$ESSENTIALS" --force
}

@test "vision-dev: packages of apt and pip, once" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt qimgv
  stub_python '--break-system-packages'
  run bash "$VISION"
  [ "$status" -eq 0 ] || fail_with vision
  [[ "$output" == *'skipping qimgv'* ]]
  grep -q '^python3 -m pip install .*--break-system-packages --requirement .*requirements.txt' "$CALLS"
  run ! grep -q index-url "$CALLS"
  : >"$CALLS"
  run bash "$VISION"
  [[ "$output" == *'already installed'* ]]
  run ! grep -qE 'apt-get|pip install' "$CALLS"
}

@test "vision-dev: an old pip is not given the option that it does not know; mirrors on request" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt
  stub_python 'no such option'
  run bash "$VISION" --pypi-repo tuna
  [ "$status" -eq 0 ]
  run ! grep -q break-system "$CALLS"
  grep -q -- '--index-url https://pypi.tuna.tsinghua.edu.cn/simple' "$CALLS"
  PEI_DOWNLOAD_MIRROR=http://box:1/f run bash "$VISION" --force
  grep -q -- '--index-url http://box:1/f/pypi.org/simple --trusted-host box:1$' "$CALLS"
  : >"$CALLS"
  PEI_DOWNLOAD_MIRROR=https://box/f run bash "$VISION" --force
  run ! grep -q trusted-host "$CALLS"
  PEI_DOWNLOAD_MIRROR=https://down/f run bash "$VISION" --force --pypi-repo tuna
  [ "$status" -eq 0 ]
  [[ "$output" == *'trying without it'* ]]
  tail -n 1 "$CALLS" | grep -q 'requirements.txt --index-url https://pypi.tuna.tsinghua.edu.cn/simple$'
}

@test "vision-dev: a missing package stops before any change, a failing pip is a failure" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt libopencv-dev
  stub_python x
  run bash "$VISION"
  [ "$status" -eq 1 ]
  [ -z "$(installed_packages)" ]
  stub_apt
  touch "$BATS_TEST_TMPDIR/break-pip"
  run bash "$VISION"
  [ "$status" -eq 1 ]
}

@test "cv-essentials: no package called python, once" {
  ((EUID == 0)) || skip 'needs root'
  stub_apt python qimgv
  run bash "$ESSENTIALS"
  [ "$status" -eq 0 ] || fail_with essentials
  [[ " $(installed_packages)" == *' python-is-python3 '* ]]
  : >"$CALLS"
  run bash "$ESSENTIALS"
  [[ "$output" == *'already installed'* ]]
  run ! grep -q apt-get "$CALLS"
}

@test "python-packages: every list reaches its installer, once" {
  [ "$(uname -m)" = x86_64 ] || skip 'amd64 only'
  stub_conda
  run bash "$PYTHON" --conda-dir "$CONDA"
  [ "$status" -eq 0 ] || fail_with first
  grep -q '^conda install -y -n base -c https://conda.anaconda.org/pytorch -c https://conda.anaconda.org/nvidia pytorch=.* pytorch-cuda=12.1$' "$CALLS"
  grep -q 'pip install .*albumentations==[0-9.]* timm==.* opencv-contrib-python==[0-9.]* numpy==1[0-9.]* nvidia-dali-cuda120==[0-9.]*$' "$CALLS"
  grep -q 'find-links https://download.openmmlab.com/mmcv/dist/cu121/torch2.3/index.html mmcv==2.2.0$' "$CALLS"
  : >"$CALLS"
  run bash "$PYTHON" --conda-dir "$CONDA"
  [[ "$output" == *'already in base'* ]]
  run ! grep -q install "$CALLS"
}

@test "python-packages: conda on PATH, another environment, a mirror, a failing step" {
  [ "$(uname -m)" = x86_64 ] || skip 'amd64 only'
  stub_conda
  touch "$BATS_TEST_TMPDIR/break-mmcv"
  PATH="$CONDA/bin:$PATH" PEI_DOWNLOAD_MIRROR=http://box:1/f run bash "$PYTHON" --env 'my env'
  [ "$status" -eq 1 ]
  grep -q '^conda install -y -n my env -c http://box:1/f/conda.anaconda.org/pytorch -c http://box:1/f/conda.anaconda.org/nvidia pytorch=' "$CALLS"
  run ! grep -q '^conda install .*-c https' "$CALLS"
  PATH="$CONDA/bin:$PATH" PEI_DOWNLOAD_MIRROR=http://down/f run bash "$PYTHON"
  grep -q '^conda install -y -n base -c https://conda.anaconda.org/pytorch -c https://conda.anaconda.org/nvidia pytorch=' "$CALLS"
  grep -q 'find-links http://box:1/f/download.openmmlab.com/mmcv' "$CALLS"
}

@test "python-packages: no conda" {
  [ ! -x /opt/miniconda3/bin/conda ] || skip 'this machine has a conda'
  PATH=/usr/bin:/bin run bash "$PYTHON"
  [ "$status" -eq 1 ]
  [[ "$output" == *'there is no conda'* ]]
  run bash "$PYTHON" --conda-dir /no/such
  [ "$status" -eq 1 ]
}
