# shellcheck shell=bash
# The whole library in one line: an installer sources this file and nothing else.
# Definitions only; no shell option changes and nothing is run.

# The guard spares a second parse when a script sources another one that uses the library.
if [[ -z "${__PEI_LIB_LOADED-}" ]]; then
  __PEI_LIB_DIR="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
  # shellcheck source=log.sh
  source "${__PEI_LIB_DIR}/log.sh"
  # shellcheck source=args.sh
  source "${__PEI_LIB_DIR}/args.sh"
  # shellcheck source=tmp.sh
  source "${__PEI_LIB_DIR}/tmp.sh"
  # shellcheck source=block.sh
  source "${__PEI_LIB_DIR}/block.sh"
  # shellcheck source=toml.sh
  source "${__PEI_LIB_DIR}/toml.sh"
  # shellcheck source=platform.sh
  source "${__PEI_LIB_DIR}/platform.sh"
  # shellcheck source=user.sh
  source "${__PEI_LIB_DIR}/user.sh"
  # shellcheck source=sources.sh
  source "${__PEI_LIB_DIR}/sources.sh"
  # shellcheck source=locked.sh
  source "${__PEI_LIB_DIR}/locked.sh"
  # shellcheck source=apt.sh
  source "${__PEI_LIB_DIR}/apt.sh"
  # shellcheck source=proxy.sh
  source "${__PEI_LIB_DIR}/proxy.sh"
  # shellcheck source=download.sh
  source "${__PEI_LIB_DIR}/download.sh"
  # shellcheck source=versions.sh
  source "${__PEI_LIB_DIR}/versions.sh"
  # shellcheck source=release.sh
  source "${__PEI_LIB_DIR}/release.sh"
  # shellcheck source=bun_cli.sh
  source "${__PEI_LIB_DIR}/bun_cli.sh"
  # shellcheck source=shell_env.sh
  source "${__PEI_LIB_DIR}/shell_env.sh"
  __PEI_LIB_LOADED=1
fi
