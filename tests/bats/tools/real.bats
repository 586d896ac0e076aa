#!/usr/bin/env bats
# Installs for real, in containers that fetch Debian's and Python's packages: minutes, and hundreds of megabytes.
# Runs only with PEI_TEST_REAL=1; PEI_TEST_BASE names the image.
# shellcheck disable=SC2016 # texts for another shell
load ../support/common
load ../support/forwarders
load ../support/releases

# shellcheck disable=SC2034 # bats reads it
BATS_TEST_TIMEOUT=1500

setup() {
  [ "${PEI_TEST_REAL-}" = 1 ] || skip 'PEI_TEST_REAL=1 runs it'
  SERVED="$BATS_TEST_TMPDIR/served"
  mkdir "$SERVED"
  TREE="$BATS_TEST_TMPDIR/installation"
  cp -r "$REPO/installation" "$TREE"
  write_forwarders "$TREE"
}

# in_container: runs the script on stdin in a fresh container. What pip needs to know on this machine goes along, and
# the certificates that the machine trusts.
in_container() {
  local name certificates="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"
  local -a options=()
  if [ -r "$certificates" ]; then options=(-v "$certificates:/machine-ca.crt:ro" -e PIP_CERT=/machine-ca.crt); fi
  for name in PIP_INDEX_URL PIP_FIND_LINKS http_proxy https_proxy no_proxy; do
    [ -z "${!name-}" ] || options+=(-e "$name")
  done
  docker run --rm -i --network host -e PEI_STAGE_DIR_1=/pei-from-host/stage-1 -e PEI_STAGE_DIR_2=/pei-from-host/stage-2 \
    -v "$TREE:/pei-from-host:ro" -v "$SERVED:/served:ro" \
    "${options[@]}" "${PEI_TEST_BASE:-pei-base:bookworm}" bash -euo pipefail -s 2>&1
}

# Runs a text in a container, shows the end of its output on failure, and expects it to say DONE.
expect_done() {
  local output
  output="$(in_container)" || true
  [[ "$output" == *DONE ]] || {
    tail -n 40 <<<"$output"
    return 1
  }
}

@test "the two installers of the default configuration, twice" {
  expect_done <<'TEXT'
for script in stage-1/custom/install-dev-tools.sh stage-2/custom/install-gui-tools.sh; do
  bash "/pei-from-host/$script"
  bash "/pei-from-host/$script" 2>&1 | grep 'nothing to do'
done
cmake --version && git --version && command -v Xvfb
[ -z "${TZ-}" ]
echo DONE
TEXT
}

@test "locale" {
  expect_done <<'TEXT'
bash /pei-from-host/stage-2/system/set-locale.sh
bash /pei-from-host/stage-1/system/set-locale.sh 2>&1 | grep 'already there'
[ "$(bash -lc 'locale charmap')" = UTF-8 ]
bash /pei-from-host/stage-1/system/ros2/setup-locale.sh
bash /pei-from-host/stage-1/system/ros2/setup-locale.sh 2>&1 | grep 'already there'
bash -lc 'locale' | grep -x 'LC_ALL=en_US.UTF-8'
locale -a | grep -x en_US
echo DONE
TEXT
}

@test "conda for root and two users, seen by every kind of shell" {
  cat >"$SERVED/Miniforge3-Linux-x86_64.sh" <<'TEXT'
#!/bin/bash
while getopts bup: option; do case $option in p) dir=$OPTARG ;; esac; done
mkdir -p "$dir/bin" "$dir/etc/profile.d"
printf '#!/bin/sh\n[ "$2" != hook ] || echo "conda() { :; }; CONDA_PREFIX=%s"\n' "$dir" >"$dir/bin/conda"
echo 'conda() { :; }' >"$dir/etc/profile.d/conda.sh"
chmod +x "$dir/bin/conda"
TEXT
  cp "$SERVED/Miniforge3-Linux-x86_64.sh" "$SERVED/Miniforge3-Linux-aarch64.sh"
  expect_done <<'TEXT'
useradd -m -s /bin/bash anna
useradd -m -s /bin/bash -d /srv/ben ben
useradd -r -m -s /usr/sbin/nologin daemon-user
install() { bash /pei-from-host/stage-2/system/conda/auto-install-miniforge.sh --cache-dir /served; }
install
dir=/hard/image/app/miniforge
for user in root anna ben; do
  [ "$(su - "$user" -c 'command -v conda')" = "$dir/bin/conda" ]
  [ "$(su "$user" -c "bash -lc 'command -v conda'")" = "$dir/bin/conda" ]
  su "$user" -s /bin/bash -c "cd; HOME=~$user bash -ic 'type -t conda; echo \$CONDA_PREFIX'" 2>/dev/null | grep -x "$dir"
  home=$(getent passwd "$user" | cut -d: -f6)
  [ -z "$(find "$home" ! -user "$user")" ]
  [ ! -e "$home/.condarc" ]
done
[ ! -e /home/daemon-user/.bashrc ] || ! grep -q conda /home/daemon-user/.bashrc
sum() { find /hard /root /home /srv -type f -exec sha256sum {} + | sort; }
before=$(sum)
install 2>&1 | grep 'already installed'
[ "$before" = "$(sum)" ]

# The login hook, in a login shell with a strict user.
su anna -s /bin/bash -c "cd; bash -lc 'set -u; source /pei-from-host/stage-2/system/conda/activate-conda-on-login.sh --conda-dir $dir; echo \"alive:\$?\"'" | grep alive:0
echo DONE
TEXT
}

@test "OpenCV: CMake's part, with a project that stands in for the sources" {
  serve_opencv "$BATS_TEST_TMPDIR"
  expect_done <<'TEXT'
export PEI_DOWNLOAD_MIRROR=file:///served
build() { bash /pei-from-host/stage-2/system/opencv/install-opencv-cpu.sh --cache-dir=/var/cache/cv; }
build
pkg-config --modversion opencv4 | grep -x 4.12.0
ldconfig -p | grep '=> /usr/local/lib/libopencv_core.so'
ls /var/cache/cv | tr '\n' ' ' | grep -x 'opencv opencv_contrib '
build 2>&1 | grep 'already in'
{ bash /pei-from-host/stage-1/system/opencv/install-opencv-cuda.sh 2>&1 || true; } | grep 'no package cuda-toolkit-'
echo DONE
TEXT
}

@test "Magnum: dpkg's part, with packages that stand in for the sources" {
  serve_magnum "$BATS_TEST_TMPDIR"
  expect_done <<'TEXT'
export PEI_DOWNLOAD_MIRROR=file:///served
build() { bash /pei-from-host/stage-1/system/magnum/install-magnum-gl.sh --cache-dir /var/cache/magnum; }
build
dpkg -S /usr/include/Magnum/Magnum.h | grep '^magnum:'
[ -z "$(ls -A /var/cache/magnum)" ]
build 2>&1 | grep 'already installed'
echo DONE
TEXT
}

@test "computer vision and OpenGL: everything of apt and pip" {
  expect_done <<'TEXT'
bash /pei-from-host/stage-1/system/vision-dev/install-vision-dev.bash
python3 -c 'import cv2, numpy, scipy, matplotlib, omegaconf'
bash /pei-from-host/stage-1/system/vision-dev/install-vision-dev.bash 2>&1 | grep 'already installed'
bash /pei-from-host/stage-2/utilities/install-cv-essentials.sh
python --version
bash /pei-from-host/stage-2/utilities/install-cv-essentials.sh 2>&1 | grep 'already installed'
bash /pei-from-host/stage-2/system/opengl/setup-opengl-win32.sh --nvidia
bash /pei-from-host/stage-2/system/opengl/setup-opengl-win32.sh --nvidia 2>&1 | grep 'already set up'
bash -lc '[ -z "${NVIDIA_VISIBLE_DEVICES-}" ]'
mkdir -p /usr/lib/wsl/lib
bash -lc 'echo "$LD_LIBRARY_PATH $MESA_D3D12_DEFAULT_ADAPTER_NAME"' | grep -x '/usr/lib/wsl/lib NVIDIA'
echo DONE
TEXT
}
