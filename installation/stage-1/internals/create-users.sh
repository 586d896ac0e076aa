#!/bin/bash
# Creates the users' accounts, without credentials. A step at the end of the build sets those, so that a
# changed password runs only that step again.
#
# Reads: SSH_USER_NAME, SSH_USER_UID, SSH_USER_GID (comma lists in the same order, empty where unset; `host` for the ids
# of the person who ran `pei configure`, from /pei-build/ids/host, with lines of KEY and NUMBER, empty if the image picks one).
# Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit
# shellcheck source=installation/stage-1/lib/clean.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/clean.sh"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
pei_install_err_trap

# split TEXT: sets the array `fields`; keeps empty fields, also the last one.
split() {
  fields=()
  local rest="$1,"
  while [[ -n "${rest}" ]]; do
    fields+=("${rest%%,*}")
    rest="${rest#*,}"
  done
}

# host_id KEY: prints the number of the person who configured.
host_id() {
  local key number file="${PEI_HOST_IDS_FILE:-/pei-build/ids/host}"
  [[ -f "${file}" ]] || pei_die 'there is no .pei/ids/host: this clone was not configured yet; run `pei configure`, then build again'
  while read -r key number; do
    [[ "${key}" != "$1" ]] || printf '%s' "${number}"
  done <"${file}"
}

user_field() { getent passwd "$1" | cut -d: -f"$2"; }

# free_id DATABASE: the first number from 1000 on that neither the database nor the config uses.
free_id() {
  local id=1000
  while getent "$1" "${id}" >/dev/null || [[ " ${wanted_uids[*]} ${wanted_gids[*]} " == *" ${id} "* ]]; do
    id=$((id + 1))
  done
  printf '%s' "${id}"
}

# Such as sshd, _apt, nobody: if they were renamed, sshd would not start and apt could not download.
is_system_account() {
  local uid
  uid="$(user_field "$1" 3)"
  ((uid < 1000 || uid == 65534)) && [[ "$(user_field "$1" 7)" =~ /(nologin|false)$ ]]
}

# Renames an account of the base that has the wanted name; it keeps its files.
move_namesake_away() {
  local name="$1" n=1 home
  getent passwd "${name}" >/dev/null || return 0
  while getent passwd "${name}_old${n}" >/dev/null || getent group "${name}_old${n}" >/dev/null; do
    n=$((n + 1))
  done
  if is_system_account "${name}"; then
    pei_die "${name} is a system account of the base, which services need; give the user of user_config.yml another name"
  fi
  home="$(user_field "${name}" 6)"
  pei_log_info "the base's own account ${name} is now ${name}_old${n}"
  usermod --login "${name}_old${n}" "${name}"
  if [[ "${home}" == "/home/${name}" ]]; then
    if [[ -d "${home}" ]]; then
      usermod --home "/home/${name}_old${n}" --move-home "${name}_old${n}"
    else
      usermod --home "/home/${name}_old${n}" "${name}_old${n}"
    fi
  fi
  if getent group "${name}" >/dev/null; then
    groupmod --new-name "${name}_old${n}" "${name}"
  fi
}

# Gives an account of the base that has the wanted uid a free one, and changes the owner of its files.
move_uid_owner_away() {
  local uid="$1" owner home new
  getent passwd "${uid}" >/dev/null || return 0
  owner="$(user_field "${uid}" 1)"
  new="$(free_id passwd)"
  home="$(user_field "${owner}" 6)"
  pei_log_info "uid ${uid} belonged to ${owner}, which now has uid ${new}"
  # usermod changes the owner of the files in the home by itself.
  usermod --uid "${new}" "${owner}"
  [[ ! -d "${home}" ]] || find "${home}" -xdev -uid "${uid}" -exec chown -h "${new}" {} +
}

# primary_group NAME GID: prints the gid that the account gets, and makes the group where it is missing.
primary_group() {
  local name="$1" gid="$2" group="$1"
  if [[ -z "${gid}" ]]; then
    gid="$(free_id group)"
  elif getent group "${gid}" >/dev/null; then
    printf '%s' "${gid}"
    return 0
  fi
  # Do not change a group of that name with another number: the base may need it.
  getent group "${group}" >/dev/null && group="${name}_${gid}"
  groupadd --gid "${gid}" "${group}"
  printf '%s' "${gid}"
}

create_user() {
  local name="$1" uid="$2" gid="$3"
  move_namesake_away "${name}"
  if [[ -n "${uid}" ]]; then
    move_uid_owner_away "${uid}"
  else
    uid="$(free_id passwd)"
  fi
  # Use the uid as gid, as usual, if no other was asked for.
  if [[ -z "${gid}" ]] && ! getent group "${uid}" >/dev/null && [[ " ${wanted_gids[*]} " != *" ${uid} "* ]]; then
    gid="${uid}"
  fi
  gid="$(primary_group "${name}" "${gid}")"
  # --no-log-init: a large uid would make lastlog a sparse file of gigabytes, which image layers store whole.
  useradd --no-log-init --create-home --shell /bin/bash --uid "${uid}" --gid "${gid}" \
    --groups sudo,ssh_users --password '*' "${name}"
  # Close the home to other users: the base's settings decide which mode useradd uses.
  chmod g-w,o-rwx -- "$(user_field "${name}" 6)"
}

set_up_root() {
  local uid="$1" gid="$2"
  [[ -z "${uid}" || "${uid}" == 0 ]] || pei_die "root has uid 0, not ${uid}"
  [[ -z "${gid}" || "${gid}" == 0 ]] || pei_die "root has gid 0, not ${gid}"
  usermod --append --groups ssh_users --shell /bin/bash root
}

# Fail the build if an account is not as requested.
check_user() {
  local name="$1" uid="$2" gid="$3" got_uid got_gid
  got_uid="$(id -u -- "${name}")"
  got_gid="$(id -g -- "${name}")"
  [[ -z "${uid}" || "${got_uid}" == "${uid}" ]] || pei_die "${name} got uid ${got_uid}, not ${uid}"
  [[ -z "${gid}" || "${got_gid}" == "${gid}" ]] || pei_die "${name} got gid ${got_gid}, not ${gid}"
}

main() {
  local fields names uids gids i group wanted_uids wanted_gids
  split "${SSH_USER_NAME}"
  names=("${fields[@]}")
  split "${SSH_USER_UID}"
  uids=("${fields[@]}")
  split "${SSH_USER_GID}"
  gids=("${fields[@]}")
  for i in "${!names[@]}"; do
    [[ "${uids[i]:-}" != host ]] || uids[i]="$(host_id uid)"
    [[ "${gids[i]:-}" != host ]] || gids[i]="$(host_id gid)"
  done
  wanted_uids=("${uids[@]}")
  wanted_gids=("${gids[@]}")
  for group in sudo ssh_users; do
    getent group "${group}" >/dev/null || groupadd --system "${group}"
  done
  for i in "${!names[@]}"; do
    if [[ "${names[i]}" == root ]]; then
      set_up_root "${uids[i]:-}" "${gids[i]:-}"
    else
      [[ "${uids[i]:-}" != 0 ]] || pei_die "uid 0 is root's; ${names[i]} needs another"
      create_user "${names[i]}" "${uids[i]:-}" "${gids[i]:-}"
    fi
  done
  for i in "${!names[@]}"; do
    check_user "${names[i]}" "${uids[i]:-}" "${gids[i]:-}"
  done
  pei_clean_layer
}

main "$@"
