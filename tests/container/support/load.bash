# Loads every helper of the container tests. A file's setup_file begins with begin_file, its teardown_file is end_file.
#
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

__support=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=tests/container/support/assert.bash
source "$__support/assert.bash"
# shellcheck source=tests/container/support/made.bash
source "$__support/made.bash"
# shellcheck source=tests/container/support/yaml.bash
source "$__support/yaml.bash"
# shellcheck source=tests/container/support/project.bash
source "$__support/project.bash"
# shellcheck source=tests/container/support/example.bash
source "$__support/example.bash"
# shellcheck source=tests/container/support/container.bash
source "$__support/container.bash"
# shellcheck source=tests/container/support/ssh.bash
source "$__support/ssh.bash"
# shellcheck source=tests/container/support/probe.bash
source "$__support/probe.bash"
# shellcheck source=tests/container/support/build_log.bash
source "$__support/build_log.bash"
# shellcheck source=tests/container/support/image.bash
source "$__support/image.bash"
# shellcheck source=tests/container/support/attesting.bash
source "$__support/attesting.bash"
# shellcheck source=tests/container/support/builder.bash
source "$__support/builder.bash"
# shellcheck source=tests/container/support/traces.bash
source "$__support/traces.bash"
# shellcheck source=tests/container/support/stand_in.bash
source "$__support/stand_in.bash"
# shellcheck source=tests/container/support/apt.bash
source "$__support/apt.bash"
# shellcheck source=tests/container/support/example.bash
source "$__support/example.bash"
# shellcheck source=tests/container/support/installer.bash
source "$__support/installer.bash"

# No locale, proxy or Compose setting of the machine may decide a test.
export LC_ALL=C.UTF-8 BUILDKIT_PROGRESS=plain DOCKER_CLI_HINTS=false COMPOSE_IGNORE_ORPHANS=1
unset COMPOSE_PROJECT_NAME COMPOSE_FILE COMPOSE_PROFILES COMPOSE_ENV_FILES COMPOSE_BAKE
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY no_proxy NO_PROXY

# The image that every project builds on.
BASE=${PEI_TEST_BASE:-pei-base:bookworm}
REPO=$(cd "$__support/../../.." && pwd)
unset __support
PEI_BIN=${PEI_BIN:-$REPO/target/release/pei}
export BASE REPO PEI_BIN
