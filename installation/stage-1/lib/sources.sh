# shellcheck shell=bash
# Sources of packages and downloads: apt's addresses, and the image's record of everything that was installed.

# __pei_apt_asked: the addresses that an update reads first, one for each release of a source, and the names of the lists.
__pei_apt_asked() { apt-get --print-uris update 2>/dev/null | sed -nE "s/^'([^']*)' ([^ ]*InRelease) .*/\\1 \\2/p"; }

# pei_apt_places: the hosts of apt's sources and the proxy, for messages.
pei_apt_places() {
  local hosts proxy
  hosts="$(__pei_apt_asked | sed -E 's#^([a-z+]+://)([^/@]*@)?([^/ ]*).*#\1\3#' | sort -u | paste -sd ' ')"
  proxy="$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
  proxy="${proxy#proxy=\'}"
  proxy="$(sed -E 's#//[^/@]*@#//#' <<<"${proxy%\'}")"
  proxy="${proxy:-${http_proxy:+$(sed -E 's#//[^/@]*@#//#' <<<"${http_proxy}")}}"
  printf '%s%s\n' "${hosts:-no source at all}" "${proxy:+ through the proxy ${proxy}}"
}

# pei_apt_lists_missing: whether the list of a source is missing.
pei_apt_lists_missing() {
  local dir name
  dir="$(apt-config shell dir Dir::State::lists/d)"
  dir="${dir#dir=\'}"
  while read -r _ name; do
    compgen -G "${dir%\'}${name%InRelease}*" >/dev/null || return 0
  done < <(__pei_apt_asked)
  return 1
}

# The record lists what a build installed, as JSON lines in a file for each kind; `pei record` prints it. If PEI_RECORD
# names no directory, as at a container's start, nothing is recorded.

# pei_record_begin: what this process and its children install is recorded from now on.
pei_record_begin() { export PEI_RECORD=/usr/share/pei/record; }

# pei_record KIND NAME=VALUE… -- NAME=VALUE…: adds a line, and removes one with the same values before the `--`. Skips empty
# values. Records nothing if the user cannot write there.
pei_record() {
  [[ -n "${PEI_RECORD-}" && ("${EUID}" == 0 || -w "${PEI_RECORD}") ]] || return 0
  local key="{\"kind\":\"$1\"" rest='' file="${PEI_RECORD}/$1.jsonl"
  shift
  while (($# > 0)) && [[ "$1" != -- ]]; do
    key+="$(__pei_record_member "$1")"
    shift
  done
  while (($# > 1)); do
    rest+="$(__pei_record_member "$2")"
    shift
  done
  {
    [[ ! -e "${file}" ]] || KEY="${key}" awk 'index($0, ENVIRON["KEY"] ",") != 1 && $0 != ENVIRON["KEY"] "}"' "${file}"
    printf '%s%s}\n' "${key}" "${rest}"
  } | __pei_record_write "${file}"
}

# __pei_record_member NAME=VALUE: as a further member of a JSON object.
__pei_record_member() {
  local value="${1#*=}"
  value="${value//[[:cntrl:]]/}"
  value="${value//\\/\\\\}"
  value="${value//\"/\\\"}"
  [[ -z "${value}" ]] || printf ',"%s":"%s"' "${1%%=*}" "${value}"
}

# __pei_record_write FILE: writes the lines on stdin, sorted. Without lines it removes the file.
__pei_record_write() {
  local lines
  lines="$(LC_ALL=C sort -u)"
  if [[ -z "${lines}" ]]; then
    rm -f -- "$1"
    return
  fi
  (umask 022 && mkdir -p -- "${1%/*}" && printf '%s\n' "${lines}" >"$1")
}

# pei_plain_url URL: the URL without a login, query and fragment, which may be secret. A path becomes a URL.
pei_plain_url() {
  [[ "$1" == *://* ]] || set -- "file://$(realpath -ms -- "$1")"
  local rest="${1#*://}" host
  rest="${rest%%[?#]*}"
  host="${rest%%/*}"
  printf '%s://%s%s\n' "${1%%://*}" "${host##*@}" "${rest#"${host}"}"
}

# pei_query_sum URL: a short sum of the query, which tells apart downloads from one address; nothing without a query.
pei_query_sum() {
  local url="${1%%#*}" sum
  [[ "${url}" == *\?* ]] || return 0
  sum="$(printf '%s' "${url#*\?}" | sha256sum)"
  printf '%s\n' "${sum:0:12}"
}

# pei_installed_packages: what dpkg has installed: `NAME ARCHITECTURE VERSION`, a line each.
pei_installed_packages() {
  dpkg-query -W -f '${db:Status-Status} ${Package} ${Architecture} ${Version}\n' | sed -n 's/^installed //p'
}

# pei_record_packages BEFORE: records what has changed since pei_installed_packages printed BEFORE, and whose packages they are.
pei_record_packages() {
  local after file="${PEI_RECORD}/apt.jsonl"
  after="$(pei_installed_packages)"
  [[ "${after}" != "$1" ]] || return 0
  {
    [[ ! -e "${file}" ]] || cat -- "${file}"
    sed 's/^/before /' <<<"$1"
    sed 's/^/after /' <<<"${after}"
  } | awk '
    $1 == "before" { before[$2 " " $3] = $4; next }
    $1 == "after" { after[$2 " " $3] = $4; next }
    { split($0, part, "\""); if (part[4] == "apt") taken[part[8] " " part[12]] = part[16] }
    END {
      for (name in taken) if (!(name in after) || after[name] != taken[name]) delete taken[name]
      for (name in after) if (!(name in before) || before[name] != after[name]) taken[name] = after[name]
      for (name in taken) {
        split(name, part, " ")
        printf "{\"kind\":\"apt\",\"name\":\"%s\",\"architecture\":\"%s\",\"version\":\"%s\"}\n", part[1], part[2], taken[name]
      }
    }' | __pei_record_write "${file}"
  # shellcheck source=/dev/null
  (. "${PEI_OS_RELEASE:-/etc/os-release}" && pei_record os name="${ID}" -- version="${VERSION_ID-}")
}
