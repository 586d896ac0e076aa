# shellcheck shell=bash
# Startup file of a bash that is the container's first process and reads its commands from a pipe. The kernel does not end a
# first process by a signal that it does not handle, so `docker stop` would take ten seconds. With a trap for EXIT, bash
# handles the signals; it would not run a trap for TERM while it waits for the next command.
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
