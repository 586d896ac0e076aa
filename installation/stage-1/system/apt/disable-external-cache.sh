#!/usr/bin/env bash
# Undoes enable-external-cache.sh; the directory and its packages stay.
#
# Root: yes. Network: no.
set -Eeuo pipefail
shopt -s inherit_errexit
here="$(dirname -- "${BASH_SOURCE[0]}")"
# shellcheck source=../../lib/pei.sh
source "${here}/../../lib/pei.sh"
# shellcheck source=apt-conf.bash
source "${here}/apt-conf.bash"

main() {
  pei_args_begin disable-external-cache.sh 'Undo enable-external-cache.sh; the directory and its packages stay.'
  pei_args_parse "$@"
  pei_install_err_trap
  apt_conf_disable 01-external-cache 'the external cache'
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  main "$@"
fi
