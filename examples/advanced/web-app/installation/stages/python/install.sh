#!/bin/bash
# Python, for what runs.
set -Eeuo pipefail
apt-get install -y --no-install-recommends python3
