#!/usr/bin/env bash
# Run the tests, from the fast ones to the real containers, and say what ran and how long it took.
#
# Usage:   test.sh [GROUP]      (test.sh --help tells more)
# Root:    where a tool or the engine is missing
# Network: package registries, when a tool, a crate or the engine is missing
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo
readonly EXIT_USAGE=2

usage() {
  cat <<'HELP'
Usage: test.sh [all|fast|scripts|supply|containers|engines|bases|team|installers|release]

  all         all of these except the last three, in this order; a change must pass them (the default)
  fast        format, lints, rustdoc, unit tests and tests through the binary; under a minute once built
  scripts     shellcheck, check-jsonschema, the workflows, the site, and the tests of the shell library and the installers
  supply      licences, sources, duplicates and known vulnerabilities of the crates
  containers  builds and runs real projects on a real engine
  engines     the same projects on other engines: newer and older dockers, podman as root and as a user
  bases       the container tests that depend on the base's release, on Debian 13
  team        a cache and locked base images between two engines, and two builds compared; 15 minutes
  installers  installs, in containers, each tool that the package registries have, and builds every example twice to
              compare; an hour, so run it when an installer or its library changes
  release     makes the files of a release, and installs them where there is no Rust; 15 minutes. Checks that pei
              compiles for macOS

Missing tools that a group needs are installed first.
HELP
}

# step NAME COMMAND…: runs a command under a heading and records its time.
step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n==== %s\n' "$name"
  "$@"
  summary+=("$(printf '%5d s  %s' "$((SECONDS - began))" "$name")")
}

run_shellcheck() {
  git ls-files -z -- '*.sh' '*.bash' '*.bats' '.ci/run' | xargs -0 shellcheck -x -S warning -P "$repo"
}

# The README states the size.
check_size() {
  local size
  size=$(stat --format %s "$repo/target/release/pei")
  printf '%d bytes\n' "$size"
  ((size <= 5000000))
}

# Some tests run as another user, who must be able to read the scripts and cannot if they are below /root.
run_bats() {
  local tree=$repo status=0
  if ((EUID == 0)) && ! runuser -u nobody -- test -r "$repo/installation"; then
    tree=$(mktemp -d)
    git ls-files -z -- installation templates tests docs scripts | tar -c --null -T - | tar -x -C "$tree"
    chmod 755 "$tree"
  fi
  bats --recursive --timing --formatter tap "$tree/tests/bats" || status=$?
  [[ $tree == "$repo" ]] || rm -rf -- "$tree"
  return "$status"
}

run_check_schema() {
  cargo build --locked
  "$repo/scripts/check-schema.sh"
}

# Check that just can parse the justfile, and that the scripts in it exist.
run_check_justfile() {
  local recipes script
  recipes=$(just --dump)
  for script in $(grep -oE 'scripts/[a-z-]+\.sh' <<<"$recipes" | sort -u); do
    if [[ ! -x $script ]]; then
      printf 'the justfile runs %s, which is missing\n' "$script" >&2
      return 1
    fi
  done
}

# The workflows cannot run here, so the forge's schema and a linter check them.
run_check_workflows() {
  check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
  zizmor --offline --no-progress .github/workflows
}

fast() {
  step 'format' cargo fmt --all --check
  step 'lints' cargo clippy --all-targets --locked -- -D warnings
  step 'documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --locked
  step 'unit tests and tests through the binary' cargo test --locked
}

scripts() {
  step 'shellcheck' run_shellcheck
  step 'the schema, judged by another program' run_check_schema
  step 'the justfile' run_check_justfile
  step 'the workflows of the forge' run_check_workflows
  step 'the site and its links' "$repo/scripts/site.sh"
  step 'shell library and installers' run_bats
}

supply() {
  step 'the crates that pei is made of' "$repo/scripts/supply-chain.sh"
}

containers() {
  step 'release build' cargo build --release --locked
  step 'size of the program' check_size
  step 'every example, read by other tools' "$repo/scripts/lint-projects.sh"
  step 'hostile configs, read by other tools' env CI=true cargo test --locked --test hostile
  # In parallel: most of a test's time is waiting for a package, a start or a login.
  step 'containers' "$repo/scripts/container-tests.sh" -j 3
  # The other files of that directory take longer, and test single tools.
  step 'the hooks of every example' env BATS_TEST_TIMEOUT=900 "$repo/scripts/container-tests.sh" --installers examples
}

engines() {
  step 'release build' cargo build --release --locked
  step 'engines' "$repo/scripts/container-tests.sh" engines podman
}

# Names of files, as filters for container-tests.sh.
readonly OF_THE_BASE=(bases users entrypoint environment storage hooks used-by-flow snapshot)

bases() {
  step 'release build' cargo build --release --locked
  step 'Debian 13' env PEI_TEST_BASE=pei-base:trixie "$repo/scripts/container-tests.sh" -j 3 "${OF_THE_BASE[@]}"
}

team() {
  step 'release build' cargo build --release --locked
  step 'a cache between two engines' "$repo/scripts/container-tests.sh" team-cache
  step 'locked base images on two engines' "$repo/scripts/container-tests.sh" locked-bases
  step 'two builds of the same' "$repo/scripts/container-tests.sh" reproduce
}

installers() {
  step 'engine' "$repo/scripts/engine.sh" up
  step 'base image' "$repo/scripts/engine.sh" base
  step 'real installs' env PEI_TEST_REAL=1 bats --timing --formatter tap \
    "$repo/tests/bats/tools/real.bats" "$repo/tests/bats/tools/real-tools.bats"
  step 'release build' cargo build --release --locked
  step 'tools in images and containers' env BATS_TEST_TIMEOUT=1500 "$repo/scripts/container-tests.sh" --installers
}

# Type checks only: a program for macOS needs Apple's linker.
check_macos() {
  local target=aarch64-apple-darwin
  rustup target add "$target"
  cargo clippy --locked --target "$target" -- -D warnings
}

release() {
  step 'pei compiles for macOS' check_macos
  step 'the files of a release' "$repo/scripts/release.sh"
  step 'installed where there is no Rust' env PEI_BIN="$repo/target/debug/pei" BATS_TEST_TIMEOUT=1800 \
    "$repo/scripts/container-tests.sh" release
}

main() {
  local group=${1:-all} summary=()
  case $group in
    all | fast | scripts | supply | containers | engines | bases | team | installers | release) ;;
    -h | --help)
      usage
      return
      ;;
    *)
      usage >&2
      return "$EXIT_USAGE"
      ;;
  esac
  cd -- "$repo"
  # The steps expect the program in cargo's default target directory.
  export CARGO_TARGET_DIR=$repo/target
  local tools
  tools=$("$repo/scripts/install-test-tools.sh")
  export PATH="$tools:$PATH"
  case $group in
    all)
      fast
      scripts
      supply
      containers
      engines
      bases
      ;;
    *) "$group" ;;
  esac
  printf '\n==== passed: %s\n' "$group"
  printf '%s\n' "${summary[@]}"
}

main "$@"
