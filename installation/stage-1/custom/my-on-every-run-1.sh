#!/usr/bin/env bash
# Sample start hook: prints its own path. Runs as root at every start of a container.

set -Eeuo pipefail

printf 'running %s\n' "$(realpath -- "${BASH_SOURCE[0]}")"
