# shellcheck shell=bash
# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# Sources stage_1.custom.on_user_login in order.
# Sourced by internals/login.sh, with an argument, in every interactive or login bash, once per session. The hooks are
# sourced too, so that they can change the shell. If one fails, the next one still runs.
# shellcheck disable=SC1003,SC1112,SC2016,SC2088
__pei_installation="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." 2>/dev/null && pwd)"
set --
eval "set -- "''
# shellcheck source=/dev/null
source "${__pei_installation}/"'stage-1/custom/my-on-user-login-1.sh' "$@" || :
set --
eval "set -- "''
# shellcheck source=/dev/null
source "${__pei_installation}/"'stage-1/custom/my-on-user-login-2.sh' "$@" || :
unset -v __pei_installation
