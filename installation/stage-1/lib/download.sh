# shellcheck shell=bash
# Downloads: places in order, retries, a temporary file beside the target, a checksum, then a rename.
#
# PEI_DOWNLOAD_MIRROR=http://box:8080/files replaces every host and is tried first:
#   https://example.org/a/b.tar.gz  ->  http://box:8080/files/example.org/a/b.tar.gz
# Proxies come from the usual variables (http_proxy, https_proxy, no_proxy), which curl, wget and git read.
# Also reads: PEI_DOWNLOAD_RETRIES (3), PEI_DOWNLOAD_RETRY_DELAY (2, seconds, doubled each time),
# PEI_DOWNLOAD_CONNECT_TIMEOUT (15, seconds), PEI_DOWNLOAD_STALL_TIMEOUT (30, seconds without a byte).

# pei_mirror_url URL: the same file on PEI_DOWNLOAD_MIRROR; fails when none is set.
pei_mirror_url() {
  [[ -n "${PEI_DOWNLOAD_MIRROR-}" ]] || return 1
  local rest="${1#*://}"
  # Remove credentials: they are for the URL's own host.
  local host="${rest%%/*}"
  printf '%s/%s%s\n' "${PEI_DOWNLOAD_MIRROR%/}" "${host##*@}" "${rest#"${host}"}"
}

# pei_mirrored URL: the place that is tried first for URL; for tools that download on their own.
pei_mirrored() { pei_mirror_url "$1" || printf '%s\n' "$1"; }

# pei_download_places URL…: every place that will be tried, in order.
pei_download_places() {
  local url
  for url in "$@"; do
    pei_mirror_url "${url}" || break
  done
  printf '%s\n' "$@"
}

# A URL without user and password, for messages.
__pei_shown_url() {
  local scheme="${1%%://*}" rest="${1#*://}"
  local host="${rest%%/*}"
  if [[ "${host}" == *@* ]]; then
    rest="***@${rest#*@}"
  fi
  printf '%s://%s\n' "${scheme}" "${rest}"
}

# __pei_download_name URL: the end of the path, or the host where there is no path.
__pei_download_name() {
  local name
  name="$(pei_plain_url "$1")"
  while [[ "${name}" == */ ]]; do
    name="${name%/}"
  done
  printf '%s\n' "${name##*/}"
}

pei_sha256_of() { sha256sum -- "$1" | cut -d' ' -f1; }

# pei_ensure_downloader: installs curl if neither curl nor wget is there and the caller is root.
pei_ensure_downloader() {
  if command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1; then
    return 0
  fi
  if ((EUID != 0)); then
    pei_log_error 'neither curl nor wget is installed, and installing one needs root'
    return 1
  fi
  pei_apt_install curl ca-certificates
}

# __pei_transfer URL FILE: one try. Status 0: ok; 1: another try may succeed; 2: no try will. It follows no redirection
# from https to http: over http, others in the network could replace the file.
__pei_transfer() {
  local url="$1" file="$2" code='' status=0 schemes='=https'
  local connect="${PEI_DOWNLOAD_CONNECT_TIMEOUT:-15}" stall="${PEI_DOWNLOAD_STALL_TIMEOUT:-30}"
  # If the URL itself is http, allow http: it is a mirror in the user's own network, which may have no certificate.
  [[ "${url}" == https://* ]] || schemes='=http,https'
  if command -v curl >/dev/null 2>&1; then
    code="$(curl --fail --location --silent --show-error --proto "${schemes}" --proto-redir "${schemes}" \
      --connect-timeout "${connect}" --speed-limit 1 --speed-time "${stall}" \
      --write-out '%{http_code}' --output "${file}" -- "${url}")" || status=$?
    ((status != 0)) || return 0
    # Do not try again: the file does not exist, or access is denied.
    case "${code}" in 400 | 401 | 403 | 404 | 410) return 2 ;; esac
    return 1
  fi
  # wget has no option like --proto. With a proxy for http that does not exist, each of its http requests fails.
  local -a closed=(--execute http_proxy=http://127.0.0.1:9 --execute no_proxy= --execute use_proxy=on)
  [[ "${url}" == https://* ]] || closed=()
  wget --quiet --tries=1 ${closed[@]+"${closed[@]}"} --connect-timeout="${connect}" --read-timeout="${stall}" \
    --output-document="${file}" -- "${url}" || status=$?
  ((status != 0)) || return 0
  return 1
}

# __pei_fetch_to URL FILE: downloads from one place with retries; an empty answer is a failure.
__pei_fetch_to() {
  local url="$1" file="$2" shown try status tries="${PEI_DOWNLOAD_RETRIES:-3}" delay="${PEI_DOWNLOAD_RETRY_DELAY:-2}"
  pei_ensure_downloader || return 1
  shown="$(__pei_shown_url "${url}")"
  for ((try = 1; try <= tries; try++)); do
    pei_log_debug "downloading ${shown} (try ${try} of ${tries})"
    status=0
    __pei_transfer "${url}" "${file}" || status=$?
    if ((status == 0)) && [[ -s "${file}" ]]; then
      return 0
    fi
    pei_log_warn "download failed: ${shown} (try ${try} of ${tries})"
    ((status != 2)) || return 1
    if ((try < tries)); then
      sleep "${delay}"
      delay=$((delay * 2))
    fi
  done
  return 1
}

# __pei_sum_fits FILE SUM NAME: with an empty SUM it succeeds and logs the file's sum.
__pei_sum_fits() {
  local file="$1" wanted="${2,,}" name="$3" found
  found="$(pei_sha256_of "${file}")" || return 1
  if [[ -z "${wanted}" ]]; then
    pei_log_info "${name}: sha256 ${found} (not pinned)"
  elif [[ "${found}" != "${wanted}" ]]; then
    pei_log_error "${name}: sha256 is ${found}, expected ${wanted}"
    return 1
  else
    pei_log_debug "${name}: sha256 ${found} as expected"
  fi
}

# pei_sum_from FILE NAME: the sha256 of NAME from a published sum file: lines `SUM  NAME` (also `*NAME`,
# `./NAME`, a path), or a single SUM without a name or with `-`. Fails if there is none.
pei_sum_from() {
  awk -v name="$2" '
    function plain(s) { sub(/\r$/, "", s); sub(/^\*/, "", s); sub(/.*\//, "", s); return s }
    $1 ~ /^[0-9A-Fa-f]+$/ && length($1) == 64 {
      if (NF == 1) { lone = $1; lones++ }
      else if ($2 == "-") { lone = $1; lones++ }
      else if (plain($2) == name) { print tolower($1); found = 1; exit }
    }
    END {
      if (found) exit 0
      if (lones == 1) { print tolower(lone); exit 0 }
      exit 1
    }' "$1"
}

# __pei_ready_sum NAME CACHE URL: prints NAME's sum from a local sum file. If there is a local NAME but no sum file, prints
# nothing and succeeds: the person who put the file there trusts it, and no network is needed.
__pei_ready_sum() {
  local name="$1" cache="$2" url="$3" sums
  if sums="$(pei_cache_find "${url##*/}" '' "${cache}" 2>/dev/null)" && pei_sum_from "${sums}" "${name}"; then
    return 0
  fi
  pei_cache_find "${name}" '' "${cache}" >/dev/null 2>&1
}

# __pei_published_sum NAME CACHE URL: prints NAME's sum, from a local file, or from the vendor's sum file at the first
# place whose sum file lists NAME.
__pei_published_sum() {
  local name="$1" cache="$2" url="$3" place temp status=1
  if __pei_ready_sum "${name}" "${cache}" "${url}"; then
    return 0
  fi
  temp="$(mktemp)" || return 1
  while IFS= read -r place; do
    __pei_fetch_to "${place}" "${temp}" || continue
    if pei_sum_from "${temp}" "${name}"; then
      status=0
      break
    fi
  done < <(pei_download_places "${url}")
  rm -f -- "${temp}"
  return "${status}"
}

# pei_cache_dir [DIR]: the directory of local files: DIR, or $PEI_STAGE_DIR_1/tmp, or nothing. It may not exist.
pei_cache_dir() {
  if [[ -n "${1-}" ]]; then
    printf '%s\n' "$1"
  elif [[ -n "${PEI_STAGE_DIR_1-}" ]]; then
    printf '%s/tmp\n' "${PEI_STAGE_DIR_1}"
  fi
}

# pei_cache_find NAME [SUM] [DIR]: prints the path of a local file with the right sum; fails if there is none.
pei_cache_find() {
  local name="$1" sum="${2-}" dir file
  dir="$(pei_cache_dir "${3-}")"
  file="${dir}/${name}"
  [[ -n "${dir}" && -f "${file}" && -r "${file}" && -s "${file}" ]] || return 1
  if ! __pei_sum_fits "${file}" "${sum}" "${file}"; then
    pei_log_warn "${file} is not used"
    return 1
  fi
  printf '%s\n' "${file}"
}

# pei_download --url URL --to FILE [--sha256 SUM] [--sums-url URL] [--mirror URL]… [--cache-dir DIR] [--name NAME]
#   --url        the file; --mirror URLs are tried after it, in the order given
#   --sha256     what its sum must be; may be empty
#   --sums-url   the vendor's sum file, asked when --sha256 is empty; then a file without a sum is a failure
#   --cache-dir  a directory of local files (default $PEI_STAGE_DIR_1/tmp); NAME in it is used if it has the right sum: the
#                pinned one, or that of a sum file beside it; without either it is used unchecked, and its sum is logged
#   --name       the file's name in sum file and cache (default: the end of the URL's path)
#   --version    the version of the file, for the record
# On failure FILE is unchanged, and the status is 1.
pei_download() {
  local to='' sum='' sums_url='' cache='' name='' version=''
  local -a urls=()
  while (($# > 0)); do
    (($# > 1)) || {
      pei_log_error "pei_download: $1 needs a value"
      return 1
    }
    case "$1" in
      --url) urls=("$2" ${urls[@]+"${urls[@]}"}) ;;
      --mirror) urls+=("$2") ;;
      --to) to="$2" ;;
      --sha256) sum="$2" ;;
      --sums-url) sums_url="$2" ;;
      --cache-dir) cache="$2" ;;
      --name) name="$2" ;;
      --version) version="$2" ;;
      *)
        pei_log_error "pei_download: unknown option $1"
        return 1
        ;;
    esac
    shift 2
  done
  if ((${#urls[@]} == 0)) || [[ -z "${to}" ]]; then
    pei_log_error 'pei_download: --url and --to are needed'
    return 1
  fi
  if [[ -z "${name}" ]]; then
    name="$(__pei_download_name "${urls[0]}")"
  fi
  local checked="${sum:+pinned}" locked
  locked="$(pei_locked_sum "${urls[0]}")"
  if [[ -z "${locked}" ]]; then
    pei_locked_tell "${name}"
  elif [[ "${sum:-${locked}}" != "${locked}" ]]; then
    pei_locked_differs "${name}" "to be ${sum}" "${locked}"
    return 1
  else
    sum="${locked}" checked=locked
  fi
  if [[ -z "${sum}" && -n "${sums_url}" ]]; then
    sum="$(__pei_published_sum "${name}" "${cache}" "${sums_url}")" || {
      pei_log_error "no published sha256 of ${name} at $(__pei_shown_url "${sums_url}")"
      return 1
    }
    checked="${sum:+published}"
  fi
  __pei_make_parents "$(dirname -- "${to}")" || return 1
  local temp status=0 from
  temp="$(mktemp -- "$(dirname -- "${to}")/.pei-download.XXXXXXXX")" || return 1
  __pei_download_into "${temp}" "${name}" "${sum}" "${cache}" "${urls[@]}" || status=1
  if ((status == 0)); then
    __pei_record_download "${temp}" "${name}" "${urls[0]}" "${from}" "${version}" "${sum}" "${checked}" || status=1
    chmod 0644 -- "${temp}" && mv -f -T -- "${temp}" "${to}" || status=1
  fi
  if ((status != 0)); then
    rm -f -- "${temp}"
    pei_log_error "cannot get ${name}"
  fi
  return "${status}"
}

# __pei_record_download FILE NAME URL FROM VERSION SUM CHECKED
__pei_record_download() {
  [[ -n "${PEI_RECORD-}" ]] || return 0
  local sum="${6,,}" url from="$4" locked
  url="$(pei_plain_url "$3")"
  sum="${sum:-$(pei_sha256_of "$1")}"
  # Compare with the lock here too: nvm downloads Node.js itself, without pei_download.
  locked="$(pei_locked_sum "$3")"
  if [[ "${locked:-${sum}}" != "${sum}" ]]; then
    pei_locked_differs "$2" "${sum}" "${locked}"
    return 1
  fi
  [[ "${from}" == /* ]] || from="$(pei_plain_url "${from}")"
  [[ "${from}" != "${url}" ]] || from=''
  pei_record download name="$2" query="$(pei_query_sum "$3")" url="${url}" -- version="$5" from="${from}" sha256="${sum}" checked="$7"
}

# Sets `from` to where the file was found.
__pei_download_into() {
  local temp="$1" name="$2" sum="$3" cache="$4" ready place
  shift 4
  if ready="$(pei_cache_find "${name}" "${sum}" "${cache}")"; then
    pei_log_info "using ${ready}"
    from="${ready}"
    cat -- "${ready}" >"${temp}"
    return
  fi
  while IFS= read -r place; do
    __pei_fetch_to "${place}" "${temp}" || continue
    if __pei_sum_fits "${temp}" "${sum}" "${name}"; then
      # shellcheck disable=SC2034 # for the caller
      from="${place}"
      pei_log_info "downloaded $(__pei_shown_url "${place}")"
      return 0
    fi
    # Without a lock, try the next place: it may have the right file. With a lock, stop: the user should see that this
    # place has a file that differs from the locked one.
    if [[ -n "${locked-}" ]]; then
      pei_locked_differs "${name}" "another file at $(__pei_shown_url "${place}")" "${sum}"
      return 1
    fi
  done < <(pei_download_places "$@")
  return 1
}

# pei_plan_download --url URL --to FILE …: the --dry-run line of the same pei_download call.
pei_plan_download() {
  local to='' place cache='' name='' dir
  local -a urls=()
  while (($# > 1)); do
    case "$1" in
      --cache-dir) cache="$2" ;;
      --name) name="$2" ;;
      --url) urls=("$2" ${urls[@]+"${urls[@]}"}) ;;
      --mirror) urls+=("$2") ;;
      --to) to="$2" ;;
    esac
    shift 2
  done
  pei_plan "download to ${to}, from the first that answers:"
  while IFS= read -r place; do
    printf '  %s\n' "$(__pei_shown_url "${place}")"
  done < <(pei_download_places "${urls[@]}")
  dir="$(pei_cache_dir "${cache}")"
  printf '  or the local file %s\n' "${dir:-stage-1/tmp}/${name:-$(__pei_download_name "${urls[0]}")}"
}

# pei_git_clone --url URL --to DIR [--ref TAG_OR_BRANCH] [--mirror URL]…: a shallow clone made beside DIR and renamed. DIR
# must not exist. Tries the same places as pei_download. On failure nothing is left.
pei_git_clone() {
  local to='' ref=''
  local -a urls=()
  while (($# > 0)); do
    (($# > 1)) || {
      pei_log_error "pei_git_clone: $1 needs a value"
      return 1
    }
    case "$1" in
      --url) urls=("$2" ${urls[@]+"${urls[@]}"}) ;;
      --mirror) urls+=("$2") ;;
      --to) to="$2" ;;
      --ref) ref="$2" ;;
      *)
        pei_log_error "pei_git_clone: unknown option $1"
        return 1
        ;;
    esac
    shift 2
  done
  if [[ -e "${to}" ]]; then
    pei_log_error "${to} exists"
    return 1
  fi
  command -v git >/dev/null 2>&1 || {
    pei_log_error 'git is not installed'
    return 1
  }
  __pei_make_parents "$(dirname -- "${to}")" || return 1
  local temp place
  temp="$(mktemp -d -- "$(dirname -- "${to}")/.pei-clone.XXXXXXXX")" || return 1
  while IFS= read -r place; do
    if __pei_git_clone_from "${place}" "${ref}" "${temp}/clone"; then
      # The mirror must not stay the clone's origin: it may be gone tomorrow.
      if git -C "${temp}/clone" remote set-url origin "${urls[0]}" \
        && __pei_record_clone "${temp}/clone" "${urls[0]}" "${place}" "${ref}" && mv -T -- "${temp}/clone" "${to}"; then
        pei_log_info "cloned $(__pei_shown_url "${place}")${ref:+ at ${ref}}"
        rm -rf -- "${temp}"
        return 0
      fi
    fi
  done < <(pei_download_places "${urls[@]}")
  rm -rf -- "${temp}"
  pei_log_error "cannot clone $(__pei_shown_url "${urls[0]}")${ref:+ at ${ref}}"
  return 1
}

# __pei_record_clone DIR URL FROM REF
__pei_record_clone() {
  local url from commit locked
  url="$(pei_plain_url "$2")"
  from="$(pei_plain_url "$3")"
  [[ "${from}" != "${url}" ]] || from=''
  commit="$(git -C "$1" rev-parse HEAD)" || return 1
  locked="$(pei_locked_commit "$2" "$4")"
  if [[ -n "${locked}" && "${locked}" != "${commit}" ]]; then
    __pei_git_checkout "$1" "$3" "${locked}" || {
      pei_locked_differs "${url}" "${commit}" "${locked}" "$4"
      return 1
    }
    commit="${locked}"
  fi
  pei_record git url="${url}" -- version="$4" from="${from}" commit="${commit}"
}

# __pei_git_checkout DIR FROM COMMIT: an older commit of a clone, whose branch has moved on since. Not every server hands out a
# single commit.
__pei_git_checkout() {
  local -a git=(env GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL="$(__pei_git_schemes "$2")" git -C "$1")
  "${git[@]}" fetch --quiet --depth=1 -- "$2" "$3" 2>/dev/null </dev/null \
    || [[ "$("${git[@]}" rev-parse --is-shallow-repository)" == false ]] \
    || "${git[@]}" fetch --quiet --unshallow -- "$2" </dev/null || return 1
  "${git[@]}" -c advice.detachedHead=false checkout --quiet --detach "$3" --
}

# __pei_git_schemes URL: which ones a clone from there may use.
__pei_git_schemes() { if [[ "$1" == https://* ]]; then printf 'https\n'; else printf 'http:https:file\n'; fi; }

__pei_git_clone_from() {
  local url="$1" ref="$2" to="$3" try tries="${PEI_DOWNLOAD_RETRIES:-3}" delay="${PEI_DOWNLOAD_RETRY_DELAY:-2}" depth schemes
  schemes="$(__pei_git_schemes "${url}")"
  local -a base=(git -c "http.lowSpeedLimit=1" -c "http.lowSpeedTime=${PEI_DOWNLOAD_STALL_TIMEOUT:-30}"
    -c advice.detachedHead=false clone --quiet ${ref:+--branch "${ref}"})
  for ((try = 1; try <= tries; try++)); do
    # First try a shallow clone, then a complete one: a mirror that is a plain web directory cannot serve shallow
    # clones.
    for depth in --depth=1 ''; do
      rm -rf -- "${to}"
      if GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL="${schemes}" "${base[@]}" ${depth:+"${depth}"} -- "${url}" "${to}" </dev/null; then
        return 0
      fi
    done
    pei_log_warn "clone failed: $(__pei_shown_url "${url}") (try ${try} of ${tries})"
    if ((try < tries)); then
      sleep "${delay}"
      delay=$((delay * 2))
    fi
  done
  rm -rf -- "${to}"
  return 1
}

# pei_run_vendor_script --url URL --user NAME [--mirror URL]… [--shell bash|sh] [--sha256 SUM] -- [NAME=VALUE…] [ARGUMENT…]
# Fetches a vendor's install script to a file, logs or checks its sum, then runs it as NAME with the
# variables and arguments given. Needs pei_tmp_dir_init first.
pei_run_vendor_script() {
  local user='' shell=bash file="${PEI_TMP_DIR}/vendor-install.sh"
  local -a fetch=() environment=()
  while (($# > 0)) && [[ "$1" != -- ]]; do
    case "$1" in
      --user) user="$2" ;;
      --shell) shell="$2" ;;
      *) fetch+=("$1" "$2") ;;
    esac
    shift 2
  done
  shift
  while (($# > 0)) && [[ "$1" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; do
    environment+=("$1")
    shift
  done
  pei_download "${fetch[@]}" --to "${file}" || return 1
  # mktemp's directory is closed to other users, who must read the script; it contains no secret.
  chmod 0755 -- "${PEI_TMP_DIR}" || return 1
  pei_run_as "${user}" ${environment[@]+"${environment[@]}"} "${shell}" "${file}" "$@" >&2 || {
    pei_log_error 'the install script of the vendor failed'
    return 1
  }
}
