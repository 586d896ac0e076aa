#!/bin/bash
# Last step of an image: adds the login hooks to every kind of shell, removes what only the build needed, and
# links the entrypoint and pei-status.
#
# Usage: finish-image.sh [STAGE]…
#   STAGE  a stage for which `pei configure` has decided what of its tmp/ the image has
#
# Reads: KEEP_APT_SOURCE_FILE, APT_KEEP_PROXY (true or false), PEI_STAGE_DIR_N, and below /pei-build the files that earlier
# steps copied, with the modes of the host. Needs root, no network.
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

# Three places, because no single file is read by every kind of bash. login.sh runs the hooks once, in the last of these
# files that a shell reads.
install_login_hooks() {
  mkdir -p /etc/profile.d
  login_line profile >/etc/profile.d/zz-pei-login.sh
  # At the top: the file returns early in non-interactive shells, and those need the variables too.
  printf 'if [ -r /pei-init/environment.sh ]; then . /pei-init/environment.sh; fi\n' \
    | pei_block_set --top /etc/bash.bashrc environment
  login_line system | pei_block_set /etc/bash.bashrc login
  local name uid home
  while IFS=: read -r name _ uid _ _ home _; do
    if ((uid == 0 || (uid >= 1000 && uid < 65534))) && [[ -d "${home}" && "${home}" != / ]]; then
      pei_log_debug "login hooks for ${name}"
      # A failure is only a warning: a hook may have made ~/.bashrc a link to a file that the user cannot write.
      login_line home | pei_block_set "${home}/.bashrc" login \
        || pei_log_warn "${name} gets login hooks in login shells only"
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

# Only stage-1 has an internals/ tree. In the other stages' directories the scripts of a start are links to it: a script
# finds its stage by the path under which it is called. PEI_STAGE_DIR_N names the stages of the image. Do not look for the
# directories instead: a hook of stage-1 may copy stage-2's directory into stage-1's image.
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

# COPY makes all files readable, because a clone or a download may have any modes. This closes again what a person closed: a
# file or directory without permissions for group and others, in a directory that has some. A stage's directory that is closed
# itself comes from the umask, and was not closed on purpose. pei's own scripts stay readable.
keep_closed() {
  local mode path start
  cd /pei-build
  while IFS=/ read -r -d '' mode path; do
    # Not every file here is in the image: a step mounts the whole directory of a file whose name a mount cannot express, and
    # podman also mounts files that .dockerignore excludes.
    [[ -e "/pei-from-host/${path}" ]] || continue
    # Keep scripts executable: hooks that root runs may call each other.
    { IFS= read -r -N 2 start <"${path}"; } 2>/dev/null || start=''
    [[ "${path}" != *.sh && "${path}" != *.bash && "${start}" != '#!' ]] || mode="$(printf '%o' "$((8#${mode} | 8#100))")"
    chmod -- "${mode}" "/pei-from-host/${path}"
    pei_log_info "only root can read ${path}: on the host it is closed to others, too"
  done < <(find -- * \( -path 'stage-?/internals' -o -path 'stage-?/lib' -o -path 'stage-?/generated' \) -prune \
    -o ! -perm /077 \( -type d ! -path '*/*' -prune -o -printf '%m/%p\0' -type d -prune \))
  cd /
}

# `pei configure` keeps the files of tmp/ out of the image, where a token would be readable for everybody. It does not know of
# files that came later.
warn_of_tmp() {
  local stage name
  for stage in stage-1 stage-2; do
    [[ " $* " != *" ${stage} "* && -d "/pei-build/${stage}/tmp" ]] || continue
    while IFS= read -r -d '' name; do
      # Of podman's mounts, not everything is in the image.
      [[ ! -e "/pei-from-host/${stage}/tmp/${name}" ]] || pei_log_warn "everybody can read ${stage}/tmp/${name} in the image:" \
        'the file came after the last `pei configure`, which keeps such files out (see `keep_tmp` in user_config.yml)'
    done < <(find "/pei-build/${stage}/tmp" -mindepth 1 -maxdepth 1 \
      ! -name README.md ! -name .gitignore ! -name .gitkeep -printf '%f\0')
  done
}

main() {
  warn_of_tmp "$@"
  link_start_scripts
  keep_closed
  install_login_hooks
  # After the lines that hooks put into sshd_config.
  [[ ! -e "${PEI_SSHD_SETTINGS}" ]] || pei_sshd_settings_last
  clean_up
  ln -sfn /pei-from-host/stage-1/internals/entrypoint.sh /entrypoint.sh
  mkdir -p /usr/local/bin
  ln -sfn /pei-from-host/stage-1/internals/status.sh /usr/local/bin/pei-status
}

main "$@"
