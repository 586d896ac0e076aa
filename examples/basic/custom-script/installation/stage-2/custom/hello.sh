#!/bin/bash
# Prints which hook ran it, as which user, and with which arguments.
#
# Usage: hello.sh HOOK [ARGUMENT…]
set -euo pipefail

printf 'hello from %s, as %s:' "$1" "$(id -un)"
shift
for argument in "$@"; do
  printf ' <%s>' "${argument}"
done
printf '\n'
