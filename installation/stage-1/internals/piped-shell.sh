# shellcheck shell=bash
# Read first by the bash that takes its commands from a pipe and is the container's first process. Such a process is ended by
# no signal that it does not handle, so a stop would wait for the engine's patience to end. With a trap for its end, bash
# handles them; one for TERM itself would not be looked at while bash waits for the next command.
#
# Reads: PEI_BASH_ENV, the container's own BASH_ENV.
trap : EXIT
if [[ -n "${PEI_BASH_ENV:-}" ]]; then
  BASH_ENV="${PEI_BASH_ENV}"
  unset -v PEI_BASH_ENV
  # shellcheck source=/dev/null
  source "${BASH_ENV}"
else
  unset -v BASH_ENV PEI_BASH_ENV
fi
