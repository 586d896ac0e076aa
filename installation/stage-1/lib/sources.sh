# shellcheck shell=bash
# Where apt gets its package lists, and whether they are there.

# __pei_apt_asked: the addresses that an update asks first, one for a release of a source, and the names of the lists.
__pei_apt_asked() { apt-get --print-uris update 2>/dev/null | sed -nE "s/^'([^']*)' ([^ ]*InRelease) .*/\\1 \\2/p"; }

# pei_apt_places: in a few words, for messages: the hosts, and the proxy on the way.
pei_apt_places() {
  local hosts proxy
  hosts="$(__pei_apt_asked | sed -E 's#^([a-z+]+://)([^/@]*@)?([^/ ]*).*#\1\3#' | sort -u | paste -sd ' ')"
  proxy="$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
  proxy="${proxy#proxy=\'}"
  proxy="$(sed -E 's#//[^/@]*@#//#' <<<"${proxy%\'}")"
  proxy="${proxy:-${http_proxy:+$(sed -E 's#//[^/@]*@#//#' <<<"${http_proxy}")}}"
  printf '%s%s\n' "${hosts:-no source at all}" "${proxy:+ through the proxy ${proxy}}"
}

# pei_apt_lists_missing: succeeds where a source has no list here.
pei_apt_lists_missing() {
  local dir name
  dir="$(apt-config shell dir Dir::State::lists/d)"
  dir="${dir#dir=\'}"
  while read -r _ name; do
    compgen -G "${dir%\'}${name%InRelease}*" >/dev/null || return 0
  done < <(__pei_apt_asked)
  return 1
}
