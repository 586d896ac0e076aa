#!/bin/bash
# Points apt at a mirror, a sources file or a snapshot of the archive, and through the proxy, for the build.
# Keeps the replaced files in /pei-init/apt-original, from where finish-image.sh restores them.
#
# Reads: APT_SOURCE_FILE (a mirror keyword, a file, or empty), APT_SNAPSHOT (a time, or empty), APT_SNAPSHOT_URL,
# APT_USE_PROXY, PEI_HTTP_PROXY_1.
# Environment for tests: PEI_ROOT, a directory to use instead of /. Needs root, no network.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly ROOT="${PEI_ROOT:-}"
readonly BACKUP="${ROOT}/pei-init/apt-original"
# shellcheck source=installation/stage-1/lib/log.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/../lib/log.sh"
pei_install_err_trap

# mirror_host KEYWORD: the host that replaces the base's own.
mirror_host() {
  case "$1" in
    tuna) printf 'mirrors.tuna.tsinghua.edu.cn' ;;
    aliyun) printf 'mirrors.aliyun.com' ;;
    163) printf 'mirrors.163.com' ;;
    ustc) printf 'mirrors.ustc.edu.cn' ;;
    cn) printf 'cn.archive.ubuntu.com' ;;
    *) return 1 ;;
  esac
}

# Saves FILE with its path, owner and mode. Only the first time: a second run must not save the rewritten file as the
# original.
keep_original() {
  local file="$1" copy="${BACKUP}/${1#"${ROOT}"}"
  [[ ! -e "${copy}" ]] || return 0
  mkdir -p -- "$(dirname -- "${copy}")"
  cp -a -- "${file}" "${copy}"
}

# rewrite FILE SED-EXPRESSION…: applies the expressions to the addresses of a sources file.
rewrite() {
  local file="$1"
  shift
  [[ -f "${file}" ]] || return 0
  keep_original "${file}"
  sed -i -E "$@" -- "${file}"
}

use_ubuntu_mirror() {
  local keyword="$1" host ports_host file
  host="$(mirror_host "${keyword}")"
  ports_host="${host}"
  if [[ "${keyword}" == cn ]]; then
    ports_host=cn.ports.ubuntu.com
  fi
  for file in "${ROOT}/etc/apt/sources.list" "${ROOT}/etc/apt/sources.list.d/ubuntu.sources"; do
    rewrite "${file}" \
      -e "s#https?://(archive|security)\.ubuntu\.com/ubuntu#http://${host}/ubuntu#g" \
      -e "s#https?://ports\.ubuntu\.com/ubuntu-ports#http://${ports_host}/ubuntu-ports#g"
  done
}

# Every mirror of Debian has the trees /debian and /debian-security. The suite shows which of the two an entry means. The host
# in the entry does not matter, because many images name their own. Entries of other archives are recognised by suite and
# component, and kept.
use_debian_mirror() {
  local keyword="$1" host file
  if [[ "${keyword}" == cn ]]; then
    pei_log_warn "apt.repo_source \`cn\` is a mirror of Ubuntu only; the sources of this Debian base are not changed"
    return 0
  fi
  host="$(mirror_host "${keyword}")"
  for file in "${ROOT}/etc/apt/sources.list" "${ROOT}/etc/apt/sources.list.d/debian.sources"; do
    [[ -f "${file}" ]] || continue
    keep_original "${file}"
    awk -v base="http://${host}" "${SOURCES_AWK}" "${BACKUP}/${file#"${ROOT}"}" >"${file}"
  done
}

# Reads one-line entries and deb822 stanzas; collects a stanza until its suites are known. With a snapshot the address gets
# its time, and apt takes lists that are no longer valid by their date. Ubuntu has one tree for all suites, and an archive for
# ports; the addresses of PPAs have more parts.
readonly SOURCES_AWK='
  function tree(suite, components, address) {
    if (other) return ""
    if (ubuntu) {
      if (address ~ /^https?:\/\/ports\.ubuntu\.com\/?$/) return base "/ubuntu-ports" dated
      if (address !~ /^https?:\/\/[^\/]+\/ubuntu(-ports)?\/?$/) return ""
      return base (address ~ /-ports\/?$/ ? "/ubuntu-ports" : "/ubuntu") dated
    }
    if (components !~ /(^|[ \t])(main|contrib|non-free|non-free-firmware)([ \t]|$)/) return ""
    if (suite ~ /(-security|\/updates)$/) return base "/debian-security" dated
    if (suite ~ /^(stretch|buster|bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|testing|unstable)(-updates|-backports|-proposed-updates)?$/)
      return base "/debian" dated
    return ""
  }
  function flush_stanza(   i, uri, suite, address) {
    sub(/^[ \t]+/, "", suites)
    sub(/^[ \t]+/, "", uris)
    split(suites, suite, /[ \t]+/)
    split(uris, address, /[ \t]+/)
    uri = tree(suite[1], components, address[1])
    if (uri == "" && uris != "" && enabled !~ /^[ \t]*[nN]/) left(uris " " suites " " components)
    for (i = 1; i <= held; i++) {
      if (uri != "" && dated != "" && tolower(lines[i]) ~ /^check-valid-until:/) continue
      if (uri != "" && tolower(lines[i]) ~ /^uris:/) {
        lines[i] = "URIs: " uri
        if (dated != "") lines[i] = lines[i] "\nCheck-Valid-Until: no"
      }
      print lines[i]
    }
    held = 0; suites = ""; components = ""; uris = ""; enabled = ""; field = ""
  }
  function left(entry) { if (dated != "") print entry >"/dev/stderr" }
  /^deb(-src)?[ \t]/ {
    at = ($2 ~ /^\[/) ? 3 : 2
    while (at > 2 && $(at - 1) !~ /\]$/ && at < NF) at++
    parts = ""
    for (i = at + 2; i <= NF && $i !~ /^#/; i++) parts = parts " " $i
    uri = tree($(at + 1), parts, $at)
    if (uri != "") $at = uri
    else left($0)
    if (uri != "" && dated != "" && /check-valid-until=/) gsub(/check-valid-until=[^ \t\]]*/, "check-valid-until=no")
    else if (uri != "" && dated != "") {
      if (at == 2) $1 = $1 " [check-valid-until=no]"
      else $2 = "[check-valid-until=no " substr($2, 2)
    }
    print
    next
  }
  /^[A-Za-z-]+:/ {
    held++
    lines[held] = $0
    value = $0
    sub(/^[^:]*:[ \t]*/, "", value)
    if (tolower($0) ~ /^suites:/) suites = value
    if (tolower($0) ~ /^components:/) components = value
    if (tolower($0) ~ /^uris:/) uris = value
    if (tolower($0) ~ /^enabled:/) enabled = value
    field = tolower($0)
    sub(/:.*/, "", field)
    next
  }
  # The lines of a key stay lines.
  /^[ \t]+[^ \t]/ && field ~ /^(suites|components|uris)$/ {
    value = $0
    sub(/^[ \t]+/, " ", value)
    lines[held] = lines[held] value
    if (field == "suites") suites = suites value
    if (field == "components") components = components value
    if (field == "uris") uris = uris value
    next
  }
  /^[ \t]*$/ { flush_stanza(); print; next }
  { held++; lines[held] = $0 }
  END { flush_stanza() }
'

# Prints ubuntu, debian, or nothing for any other system.
distribution() {
  local id
  # shellcheck source=/dev/null
  id="$(. "${ROOT}/etc/os-release" && printf '%s' "${ID:-} ${ID_LIKE:-}")"
  case " ${id} " in
    *' ubuntu '*) printf 'ubuntu' ;;
    *' debian '*) printf 'debian' ;;
    *) ;;
  esac
}

use_mirror() {
  local system
  system="$(distribution)"
  case "${system}" in
    ubuntu) use_ubuntu_mirror "$1" ;;
    debian) use_debian_mirror "$1" ;;
    *) pei_log_warn "apt.repo_source \`$1\` is a mirror of Ubuntu and Debian; this base is neither, so its sources are not changed" ;;
  esac
}

# The file replaces all sources of the base.
use_file() {
  local source="$1" file
  [[ -f "${source}" ]] || pei_die "apt.repo_source: no file ${source} in the build context"
  for file in "${ROOT}"/etc/apt/sources.list.d/{ubuntu,debian}.sources; do
    [[ -f "${file}" ]] || continue
    keep_original "${file}"
    rm -f -- "${file}"
  done
  file="${ROOT}/etc/apt/sources.list"
  if [[ -f "${file}" ]]; then
    keep_original "${file}"
  else
    mkdir -p -- "${BACKUP}/etc/apt"
    touch -- "${BACKUP}/etc/apt/sources.list.absent"
  fi
  # Text with fields such as `Types:` is deb822, other text has one-line entries.
  if grep -qE '^(Types|URIs|Suites):' -- "${source}"; then
    rm -f -- "${file}"
    install -m 0644 -- "${source}" "${ROOT}/etc/apt/sources.list.d/pei.sources"
  else
    install -m 0644 -- "${source}" "${file}"
  fi
}

# A dated address works with every apt. The snapshot option of newer ones first asks the archive as it is now, and then a
# server by https, whose certificate a bare base cannot check. The packages are signed either way.
use_snapshot() {
  local time="$1" base="$2" system file text is_found=false left entry rewritten=()
  left="$(mktemp)"
  system="$(distribution)"
  case "${system}" in
    ubuntu) base="${base:-http://snapshot.ubuntu.com}" ;;
    debian) base="${base:-http://snapshot.debian.org/archive}" ;;
    *) pei_die "apt.snapshot: this base is neither Debian nor Ubuntu; remove the key" ;;
  esac
  for file in "${ROOT}"/etc/apt/{sources.list,sources.list.d/{debian,ubuntu,pei}.sources}; do
    [[ -f "${file}" ]] || continue
    # What replaced the base's files is not an original.
    [[ "${APT_SOURCE_FILE:-}" == /* ]] || keep_original "${file}"
    text="$(awk -v base="${base}" -v dated="/${time}" -v ubuntu="$([[ "${system}" != ubuntu ]] || echo 1)" \
      "${SOURCES_AWK}" "${file}" 2>>"${left}")"
    rewritten+=("${file}")
    printf '%s\n' "${text}" >"${file}"
    ! grep -qE "^(deb|URIs:).*/${time}( |\$)" <<<"${text}" || is_found=true
  done
  # The files of other archives are not touched.
  for file in "${ROOT}"/etc/apt/sources.list.d/*.{list,sources}; do
    [[ -f "${file}" && " ${rewritten[*]} " != *" ${file} "* ]] || continue
    awk -v dated="/${time}" -v other=1 "${SOURCES_AWK}" "${file}" 2>>"${left}" >/dev/null
  done
  while IFS= read -r entry; do
    pei_log_warn "apt.snapshot: as it is now, not as it was: $(sed -E 's#//[^/@ ]*@#//#' <<<"${entry}")"
  done <"${left}"
  rm -f -- "${left}"
  [[ "${is_found}" == true ]] \
    || pei_die "apt.snapshot: none of apt's sources is the archive of ${system^}; name one in apt.repo_source and the server in apt.snapshot_url, or remove the key"
}

use_proxy() {
  local url="$1"
  printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "${url}" "${url}" \
    >"${ROOT}/etc/apt/apt.conf.d/95-pei-proxy"
}

main() {
  case "${APT_SOURCE_FILE:-}" in
    '') ;;
    /*) use_file "${APT_SOURCE_FILE}" ;;
    *) use_mirror "${APT_SOURCE_FILE}" ;;
  esac
  if [[ -n "${APT_SNAPSHOT:-}" ]]; then
    use_snapshot "${APT_SNAPSHOT}" "${APT_SNAPSHOT_URL:-}"
  fi
  if [[ "${APT_USE_PROXY:-false}" == true ]]; then
    use_proxy "${PEI_HTTP_PROXY_1:?}"
  fi
}

main "$@"
