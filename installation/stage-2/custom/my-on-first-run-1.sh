#!/usr/bin/env bash
# Sample first-run hook: prints its own path. Runs as root at the first start of a container.

set -Eeuo pipefail

printf 'running %s\n' "$(realpath -- "${BASH_SOURCE[0]}")"
