# shellcheck shell=bash
# Removes files that package and account tools leave in a build step, and that no image needs.

# pei_clean_layer: their logs and the cache of ldconfig contain times, so they would differ in each build. Their backups contain
# removed accounts and replaced hashes.
pei_clean_layer() {
  rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log
  rm -f /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
  rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
}
