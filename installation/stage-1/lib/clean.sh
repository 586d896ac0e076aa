# shellcheck shell=bash
# What the package and account tools leave behind in a build step, and nobody needs in an image.

# pei_clean_layer: their logs, and the cache of ldconfig, which holds times, differ from build to build; their backups would tell
# of accounts that are gone, and keep hashes that were replaced.
pei_clean_layer() {
  rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log
  rm -f /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
  rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
}
