#!/usr/bin/env bash
# Sample build hook: prints its own path. Runs once, as root, while the image is built.

set -Eeuo pipefail

printf 'running %s\n' "$(realpath -- "${BASH_SOURCE[0]}")"
