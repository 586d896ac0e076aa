#!/bin/bash
# Last step of an image: login hooks reach every shell, what only the build needed goes away, and
# the entrypoint gets its place.
#
# Reads: KEEP_APT_SOURCE_FILE, APT_KEEP_PROXY (true or false), PEI_STAGE_DIR_N, and below /pei-build what the steps before it
# have copied, as it is on the host. Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
lib="$(dirname -- "${BASH_SOURCE[0]}")/../lib"
readonly lib
# shellcheck source=installation/stage-1/lib/log.sh
source "${lib}/log.sh"
# shellcheck source=installation/stage-1/lib/block.sh
source "${lib}/block.sh"
# shellcheck source=installation/stage-1/lib/sshd.sh
source "${lib}/sshd.sh"
pei_install_err_trap

readonly LOGIN=/pei-from-host/stage-1/internals/login.sh

login_line() {
  printf 'if [ -n "${BASH_VERSION:-}" ] && [ -r %s ]; then . %s %s; fi\n' "${LOGIN}" "${LOGIN}" "$1"
}

# Three places, since no single file is read by every kind of bash; login.sh sees that the hooks
# run once, as late as they can.
install_login_hooks() {
  mkdir -p /etc/profile.d
  login_line profile >/etc/profile.d/zz-pei-login.sh
  # At the top: what follows there ends early in shells that nobody types in, and those need the variables.
  printf 'if [ -r /pei-init/environment.sh ]; then . /pei-init/environment.sh; fi\n' \
    | pei_block_set --top /etc/bash.bashrc environment
  login_line system | pei_block_set /etc/bash.bashrc login
  local name uid home
  while IFS=: read -r name _ uid _ _ home _; do
    if ((uid == 0 || (uid >= 1000 && uid < 65534))) && [[ -d "${home}" && "${home}" != / ]]; then
      pei_log_debug "login hooks for ${name}"
      # A link that a hook left there, and its owner may not write through, is nobody's reason to stop.
      login_line home | pei_block_set "${home}/.bashrc" login \
        || pei_log_warn "${name} gets no login hooks in shells that are no login shells"
    fi
  done </etc/passwd
  login_line home | pei_block_set /etc/skel/.bashrc login
}

restore_apt_sources() {
  local backup=/pei-init/apt-original
  [[ -d "${backup}" ]] || return 0
  rm -f /etc/apt/sources.list.d/pei.sources
  if [[ -e "${backup}/etc/apt/sources.list.absent" ]]; then
    rm -f /etc/apt/sources.list "${backup}/etc/apt/sources.list.absent"
  fi
  cp -a -- "${backup}/." /
}

clean_up() {
  [[ "${APT_KEEP_PROXY:-false}" == true ]] || rm -f /etc/apt/apt.conf.d/95-pei-proxy
  [[ "${KEEP_APT_SOURCE_FILE:-true}" == true ]] || restore_apt_sources
  rm -rf /pei-init/apt-original
  rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/cache/apt/*.bin
}

# There is one internals/ tree, stage-1's. A stage's own path to the scripts of its start is a link: by that path a script
# knows its stage. PEI_STAGE_DIR_N tells which stages the image is made of; a hook of stage-1 may bring stage-2's directory
# into an image that is none of stage-2.
link_start_scripts() {
  local stage script
  for stage in "${!PEI_STAGE_DIR_@}"; do
    stage="${!stage}"
    [[ -d "${stage}" && "${stage}" != "${PEI_STAGE_DIR_1}" ]] || continue
    mkdir -p -- "${stage}/internals"
    for script in on-entry on-first-run on-every-run; do
      ln -sfn -- "${PEI_STAGE_DIR_1}/internals/${script}.sh" "${stage}/internals/${script}.sh"
    done
  done
}

# COPY opens all that it brings, for a clone or a download may have any modes. What a person closed stays closed: a file or
# directory without a bit for group and others, in a directory that has one. A stage's directory that is closed as a whole is the
# umask's doing, not a choice. pei's own scripts are for all.
keep_closed() {
  local mode path start
  cd /pei-build
  while IFS=/ read -r -d '' mode path; do
    # What no mount can spell is seen with all that lies beside it, and podman shows what .dockerignore leaves out.
    [[ -e "/pei-from-host/${path}" ]] || continue
    # Hooks that root runs may call each other.
    { IFS= read -r -N 2 start <"${path}"; } 2>/dev/null || start=''
    [[ "${path}" != *.sh && "${path}" != *.bash && "${start}" != '#!' ]] || mode="$(printf '%o' "$((8#${mode} | 8#100))")"
    chmod -- "${mode}" "/pei-from-host/${path}"
    pei_log_info "${path} is root's alone: on the host it is closed to others, too"
  done < <(find -- * \( -path 'stage-?/internals' -o -path 'stage-?/lib' -o -path 'stage-?/generated' \) -prune \
    -o ! -perm /077 \( -type d ! -path '*/*' -prune -o -printf '%m/%p\0' -type d -prune \))
  cd /
}

main() {
  link_start_scripts
  keep_closed
  install_login_hooks
  # Behind what hooks have put into sshd_config.
  [[ ! -e "${PEI_SSHD_SETTINGS}" ]] || pei_sshd_settings_last
  clean_up
  ln -sfn /pei-from-host/stage-1/internals/entrypoint.sh /entrypoint.sh
}

main "$@"
