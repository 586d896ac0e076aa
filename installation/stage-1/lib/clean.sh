# shellcheck shell=bash
# Removes files that package and account tools leave in a build step, and that no image needs.

# pei_clean_layer: their logs and the cache of ldconfig contain times, so they would differ in each build. Their backups contain
# removed accounts and replaced hashes.
pei_clean_layer() {
  rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log
  rm -f /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
  rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
  pei_sort_git_lfs /etc/gitconfig
}

# pei_sort_git_lfs FILE: git-lfs writes its settings in a random order into git's configuration of the system.
pei_sort_git_lfs() {
  local now sorted key value
  [[ -f $1 ]] && command -v git >/dev/null || return 0
  now=$(git config --file "$1" --get-regexp '^filter\.lfs\.' || true)
  sorted=$(LC_ALL=C sort <<<"$now")
  [[ $now != "$sorted" ]] || return 0
  git config --file "$1" --remove-section filter.lfs
  while read -r key value; do git config --file "$1" --add "$key" "$value"; done <<<"$sorted"
}
