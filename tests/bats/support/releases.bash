# shellcheck shell=bash
# What vendors serve, put below $SERVED as their servers (or PEI_DOWNLOAD_MIRROR) have it. The programs of uv, bun and
# Node.js are the real ones, out of the copies in PyPI and npm. The registries have no pixi, no conda and no nvm: small
# programs stand in for them and do what the scripts ask of them, with real files.
#
# Reads: REPO, SERVED. Needs python3 with pip for uv, npm for bun and Node.js, gpg and dpkg-deb for package sources.

# default_version TOOL: as the library's table has it.
default_version() {
  # shellcheck disable=SC2016 # expands in the shell that it starts
  bash -c 'source "$1/installation/stage-1/lib/pei.sh"; pei_version "$2"' _ "$REPO" "$1"
}

# serve_uv SCRATCH
serve_uv() {
  local dir="$1/uv" version name served
  version="$(default_version uv)" || return
  name="uv-$(uname -m)-unknown-linux-gnu"
  mkdir -p "$dir/$name"
  (cd "$dir" && python3 -m pip download -q --no-deps "uv==$version" && python3 -m zipfile -e uv-*.whl wheel) || return
  install -m 0755 "$dir"/wheel/uv-*/scripts/* "$dir/$name/" || return
  served="$SERVED/github.com/astral-sh/uv/releases/download/$version"
  mkdir -p "$served"
  # The same file in each run: the engine's build cache may still have a step that fetched it in an earlier one.
  tar -I 'gzip -n' --sort=name --mtime=@0 --owner=0 --group=0 -cf "$served/$name.tar.gz" -C "$dir" "$name" && __sum_beside "$served/$name.tar.gz"
}

# serve_bun SCRATCH
serve_bun() {
  local dir="$1/bun" version kind=x64 name served
  version="$(default_version bun)" || return
  if [[ "$(uname -m)" == aarch64 ]]; then
    kind=aarch64
  elif ! grep -qw avx2 /proc/cpuinfo; then
    kind=x64-baseline
  fi
  name="bun-linux-$kind"
  mkdir -p "$dir/$name"
  __npm_package "@oven/$name@$version" "$dir/package" && cp "$dir/package/bin/bun" "$dir/$name/" || return
  # zipfile keeps no modes; the installer sets its own, and checks by running.
  chmod 755 "$dir/$name/bun"
  served="$SERVED/github.com/oven-sh/bun/releases/download/bun-v$version"
  mkdir -p "$served"
  (cd "$dir" && python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", ".", sys.argv[2])' "$served/$name" "$name") || return
  (cd "$served" && sha256sum "$name.zip" >SHASUMS256.txt)
}

# serve_node SCRATCH RANGE…: Node.js with npm in it, the newest of each range that the registry has, for the nvm
# of serve_nvm. The last one is the long-term version.
serve_node() {
  local dir="$1/node" range version kind=x64 root served="$SERVED/nodejs.org/dist"
  shift
  [[ "$(uname -m)" != aarch64 ]] || kind=arm64
  mkdir -p "$served" "$dir"
  __npm_package "npm@$(__newest_of npm@11)" "$dir/npm" || return
  for range; do
    version="$(__newest_of "node-linux-$kind@$range")" && [[ -n $version ]] || return
    root="$dir/node-v$version-linux-$kind"
    __npm_package "node-linux-$kind@$version" "$root" || return
    mkdir -p "$root/lib/node_modules" "$served/v$version"
    cp -R "$dir/npm" "$root/lib/node_modules/npm"
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/bin/npm"
    ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/bin/npx"
    chmod 755 "$root"/bin/node "$root"/lib/node_modules/npm/bin/*-cli.js
    tar -I 'gzip -1' -cf "$served/v$version/node-v$version-linux-$kind.tar.gz" -C "$dir" "${root##*/}" || return
    printf 'v%s\n' "$version" >>"$served/versions"
  done
}

# serve_nvm: an nvm that installs what serve_node has put there, by the words that nvm knows.
serve_nvm() {
  local tag file
  tag="v$(default_version nvm)" || return
  for file in "raw.githubusercontent.com/nvm-sh/nvm/$tag" "gitee.com/mirrors/nvm/raw/$tag"; do
    mkdir -p "$SERVED/$file"
    __nvm_text >"$SERVED/$file/nvm.sh"
    printf '#!/bin/sh\n' >"$SERVED/$file/nvm-exec"
    printf 'true\n' >"$SERVED/$file/bash_completion"
  done
}

__nvm_text() {
  cat <<'NVM'
# Stands in for nvm. Versions are directories, as nvm's are.
nvm() {
  local what="$1" word="${2-}" dir="${NVM_DIR}/versions/node" base="${NVM_NODEJS_ORG_MIRROR:-https://nodejs.org/dist}" kind=x64 version
  [ "$(uname -m)" != aarch64 ] || kind=arm64
  case "${what}" in
    install)
      case "${word}" in --lts | node) word= ;; *) word="${word#v}" ;; esac
      version="$(curl -fsS "${base%/}/versions" | grep -E "^v${word}" | tail -n 1)"
      [ -n "${version}" ] || return 3
      mkdir -p "${dir}/${version}"
      curl -fsS "${base%/}/${version}/node-${version}-linux-${kind}.tar.gz" | tar -xz -C "${dir}/${version}" --strip-components=1 || return 3 ;;
    version)
      case "${word}" in default) word="$(cat "${NVM_DIR}/alias/default" 2>/dev/null)" || word=none ;; lts/\* | node) word=v ;; *) word="v${word#v}" ;; esac
      ls "${dir}" 2>/dev/null | grep -E "^${word}" | sort -V | tail -n 1 | grep . || { echo N/A; return 3; } ;;
    alias) mkdir -p "${NVM_DIR}/alias" && echo "$3" >"${NVM_DIR}/alias/default" ;;
  esac
}
if [ "${1-}" != --no-use ] && [ -f "${NVM_DIR}/alias/default" ]; then
  PATH="${NVM_DIR}/versions/node/$(cat "${NVM_DIR}/alias/default")/bin:${PATH}"
fi
NVM
}

# serve_pixi: a pixi that knows `global install` and `global list`. The python that it exposes is the system's.
serve_pixi() {
  local version dir name
  version="$(default_version pixi)" || return
  name="pixi-$(uname -m)-unknown-linux-musl.tar.gz"
  dir="$SERVED/github.com/prefix-dev/pixi/releases/download/v$version"
  mkdir -p "$dir/new"
  cat >"$dir/new/pixi" <<PIXI
#!/bin/sh
home=\${PIXI_HOME:-\$HOME/.pixi}
case "\$1 \$2" in
  '--version ') echo 'pixi $version' ;;
  'global install')
    shift 2
    [ "\$1" = --environment ] && [ "\$3" = --expose ] || exit 2
    mkdir -p "\$home/bin" "\$home/envs" && printf '#!/bin/sh\nexec python3 "\$@"\n' >"\$home/bin/\${4%%=*}" && chmod 755 "\$home/bin/\${4%%=*}"
    env=\$2 && shift 4 && echo "\$env: \$*" >"\$home/envs/\$env" ;;
  'global list') cat "\$home"/envs/* 2>/dev/null ;;
  *) exit 2 ;;
esac
PIXI
  chmod 755 "$dir/new/pixi"
  tar -czf "$dir/$name" -C "$dir/new" pixi && rm -r "$dir/new" && __sum_beside "$dir/$name"
}

# serve_conda PATH: an installer below $SERVED that leaves what its callers look for: conda itself, its hook, which makes
# base active unless ~/.condarc says otherwise, and a python and pip, which are the system's. Prints its sum.
serve_conda() {
  mkdir -p "$(dirname -- "$SERVED/$1")"
  cat >"$SERVED/$1" <<'CONDA'
#!/bin/bash
while getopts bup: option; do case $option in p) dir=$OPTARG ;; esac; done
mkdir -p "$dir/bin" "$dir/etc/profile.d"
cat >"$dir/bin/conda" <<END
#!/bin/sh
case "\$*" in
  --version) echo conda 1.0 ;;
  *hook)
    echo ". $dir/etc/profile.d/conda.sh"
    grep -qsx 'auto_activate_base: false' ~/.condarc $dir/.condarc || echo conda activate base ;;
esac
END
cat >"$dir/etc/profile.d/conda.sh" <<END
conda() {
  case "\$1" in activate) CONDA_PREFIX=$dir; export CONDA_PREFIX; PATH="$dir/bin:\$PATH" ;; *) "$dir/bin/conda" "\$@" ;; esac
}
END
printf '#!/bin/sh\nexec python3 -m pip "$@"\n' >"$dir/bin/pip"
chmod +x "$dir"/bin/*
CONDA
  sha256sum "$SERVED/$1" | cut -d' ' -f1
}

# serve_opencv SCRATCH: sources that take what OpenCV's take, and make a library of that name.
serve_opencv() {
  local name version project="$1/project"
  version="$(default_version opencv)" || return
  for name in opencv opencv_contrib; do
    mkdir -p "$project/modules"
    cat >"$project/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.10)
project(stand_in CXX)
include(GNUInstallDirs)
if(NOT EXISTS "\${OPENCV_EXTRA_MODULES_PATH}")
  message(FATAL_ERROR "no extra modules")
endif()
find_package(Qt6 REQUIRED COMPONENTS Core Widgets)
file(WRITE \${CMAKE_BINARY_DIR}/a.cpp "int opencv_stand_in() { return 1; }")
add_library(opencv_core SHARED \${CMAKE_BINARY_DIR}/a.cpp)
file(WRITE \${CMAKE_BINARY_DIR}/opencv4.pc "Name: OpenCV\nDescription: x\nVersion: $version\n")
install(TARGETS opencv_core DESTINATION \${CMAKE_INSTALL_LIBDIR})
install(FILES \${CMAKE_BINARY_DIR}/opencv4.pc DESTINATION \${CMAKE_INSTALL_LIBDIR}/pkgconfig)
TEXT
    touch "$project/modules/.keep"
    __serve_repository "$project" "github.com/opencv/$name.git" "$version" || return
  done
}

# serve_magnum SCRATCH: Corrade and Magnum, packaged as theirs are, with a header each.
serve_magnum() {
  local name upper project="$1/project" debian
  debian="$project/package/debian"
  for name in corrade magnum; do
    upper="${name^}"
    mkdir -p "$debian/source"
    echo '3.0 (native)' >"$debian/source/format"
    printf '%s (1) unstable; urgency=low\n\n  * x\n\n -- t <t@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n' "$name" >"$debian/changelog"
    printf 'Source: %s\nMaintainer: t <t@example.org>\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: %s\nArchitecture: any\nDescription: x\n' \
      "$name" "$name" >"$debian/control"
    printf '#!/usr/bin/make -f\n%%:\n\tdh $@\n' >"$debian/rules"
    chmod +x "$debian/rules"
    printf '%s.h usr/include/%s\n' "$upper" "$upper" >"$debian/$name.install"
    touch "$project/$upper.h"
    __serve_repository "$project" "github.com/mosra/$name" master || return
  done
}

# __serve_repository FOLDER PATH BRANCH: its files, as a bare repository that plain file servers can hand out.
__serve_repository() {
  local -x GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  mkdir -p "$(dirname -- "$SERVED/$2")"
  git init -q -b "$3" "$1" && git -C "$1" add . \
    && git -C "$1" -c user.name=t -c user.email=t@example.org commit -q -m t \
    && git clone -q --bare "$1" "$SERVED/$2" && git -C "$SERVED/$2" update-server-info && rm -r "$1"
}

# serve_packages SCRATCH ROOT SUITE COMPONENT KEY NAME…: a package source with these packages, signed by a key made for it,
# which is served at KEY. A package holds what is in SCRATCH/contents/NAME, if that is there. Sets FINGERPRINT.
serve_packages() {
  local scratch="$1" root="$SERVED/$2" suite="$3" component="$4" key="$5" name package arch list
  shift 5
  arch="$(dpkg --print-architecture)"
  export GNUPGHOME="$scratch/gnupg"
  mkdir -p "$GNUPGHOME"
  chmod 700 "$GNUPGHOME"
  gpg --batch --quiet --passphrase '' --quick-generate-key "$suite@example.org" rsa3072 sign never
  # shellcheck disable=SC2034 # for the caller
  FINGERPRINT="$(gpg --with-colons --list-keys "$suite@example.org" | awk -F: '$1 == "fpr" { print $10; exit }')"
  list="$component/binary-$arch/Packages"
  mkdir -p "$root/dists/$suite/${list%/*}" "$root/pool"
  for name; do
    package="$scratch/package"
    rm -rf "$package"
    mkdir -p "$package/DEBIAN"
    [[ ! -d "$scratch/contents/$name" ]] || cp -R "$scratch/contents/$name/." "$package/"
    printf 'Package: %s\nVersion: 999\nArchitecture: %s\nMaintainer: nobody\nDescription: empty\n' "$name" "$arch" >"$package/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$package" "$root/pool/$name.deb" >/dev/null
    {
      dpkg-deb --field "$root/pool/$name.deb"
      printf 'Filename: pool/%s.deb\nSize: %s\nSHA256: %s\n\n' "$name" "$(stat -c %s "$root/pool/$name.deb")" \
        "$(sha256sum <"$root/pool/$name.deb" | cut -d' ' -f1)"
    } >>"$root/dists/$suite/$list"
  done
  (
    cd "$root/dists/$suite" || exit 1
    printf 'Suite: %s\nCodename: %s\nArchitectures: %s\nComponents: %s\nSHA256:\n %s %s %s\n' "$suite" "$suite" "$arch" "$component" \
      "$(sha256sum <"$list" | cut -d' ' -f1)" "$(stat -c %s "$list")" "$list" >Release
    gpg --batch --quiet --local-user "$FINGERPRINT" --clearsign --output InRelease Release
  )
  mkdir -p "$(dirname -- "$SERVED/$key")"
  gpg --armor --export "$FINGERPRINT" >"$SERVED/$key"
}

# __sum_beside FILE: FILE.sha256, as vendors publish it.
__sum_beside() { (cd "${1%/*}" && sha256sum "${1##*/}" >"${1##*/}.sha256"); }

# __newest_of PACKAGE@RANGE
__newest_of() {
  npm view "$1" version --json 2>/dev/null | tr -d '[]", ' | sed '/^$/d' | sort -V | tail -n 1
}

# __npm_package PACKAGE@VERSION DIR: what the registry has of it.
__npm_package() {
  local archive
  mkdir -p "$2.pack" "$2"
  archive="$(cd "$2.pack" && npm pack --silent "$1" 2>/dev/null | tail -n 1)" && [[ -n $archive ]] || return
  tar -xzf "$2.pack/$archive" -C "$2" --strip-components=1 && rm -r "$2.pack"
}
