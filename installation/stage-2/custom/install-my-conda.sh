#!/usr/bin/env bash
# Sample build hook: installs Miniconda into the app storage. Edit the settings to taste.
#
# Usage:   install-my-conda.sh [--dry-run] [--force] [-h] [options of install-miniconda.sh]
# Env:     PEI_STAGE_DIR_1, where the installer lives
# Root:    yes
# Network: the installer's, see stage-1/system/conda

set -Eeuo pipefail

# A volume hides what the image holds at that place, so the image's own storage is used unless a volume is there.
if [[ -d /hard/volume/app ]]; then
  install_dir=/hard/volume/app/miniconda3
else
  install_dir=/hard/image/app/miniconda3
fi

# Add for example `--installer-url tuna` or `--pip-repo aliyun` here.
settings=(--install-dir "$install_dir" --include-root)

exec bash "${PEI_STAGE_DIR_1:?is not set, so the installer cannot be found}/system/conda/install-miniconda.sh" "${settings[@]}" "$@"
