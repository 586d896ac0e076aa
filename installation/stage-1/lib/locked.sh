# shellcheck shell=bash
# What pei.lock holds for a build step: the versions of packages, the sums of downloads, the commits of clones, the default
# versions of tools, and what words such as `latest` stood for. `pei configure --locked` writes them to files, which a step of a
# locked build sees. Without these files nothing here has an effect.
#
# Reads: PEI_LOCKED_DIR, the directory of the files, if it is not the usual one.

# The pins of apt during a step. The first file that names a package decides.
__PEI_PINS=/etc/apt/preferences.d/00-pei-lock.pref

# __pei_locked_file NAME: the path of a file of the lock; fails if this build is not locked.
__pei_locked_file() {
  local file="${PEI_LOCKED_DIR:-/pei-build/locked}/$1"
  [[ -f "${file}" ]] && printf '%s\n' "${file}"
}

# __pei_locked_here: the architecture as Docker and the lock call it; dpkg has other names for some.
__pei_locked_here() {
  dpkg --print-architecture | sed -e 's/^armhf$\|^armel$/arm/' -e 's/^i386$/386/' -e 's/^ppc64el$/ppc64le/' -e 's/^mips64el$/mips64le/'
}

# __pei_locked_packages FILE: the packages of this architecture: `NAME VERSION`, a line each. NAME is `NAME:ARCHITECTURE` for a
# package of a foreign architecture.
__pei_locked_packages() {
  awk -v locked="$(__pei_locked_here)" -v here="$(dpkg --print-architecture)" '
    $1 == "apt" && $2 == locked { print ($4 == here || $4 == "all" ? $3 : $3 ":" $4), $5 }' "$1"
}

# pei_locked_begin: from here to pei_locked_end apt takes the locked versions.
pei_locked_begin() {
  local file here others
  file="$(__pei_locked_file apt)" || return 0
  here="$(__pei_locked_here)"
  if ! grep -qx "architecture ${here}" "${file}"; then
    others="$(sed -n 's/^architecture //p' "${file}" | paste -sd ' ')"
    pei_die "pei.lock has nothing for ${here}, only for ${others:-no architecture};" \
      "build there without the lock, and run \`pei lock\`: it adds ${here} and keeps the rest"
  fi
  __pei_locked_packages "${file}" \
    | awk '{ printf "Package: %s\nPin: version %s\nPin-Priority: 1001\n\n", $1, $2 }' >"${__PEI_PINS}"
}

pei_locked_end() { rm -f -- "${__PEI_PINS}"; }

# __pei_locked_absent: the locked packages that the package lists have, but in other versions: `NAME VERSION`, a line each. An
# installed version counts as one that a list has. What no list has at all, such as a package from a file, comes from elsewhere.
__pei_locked_absent() {
  local file packages
  file="$(__pei_locked_file apt)" || return 0
  packages="$(__pei_locked_packages "${file}")"
  [[ -n "${packages}" ]] || return 0
  {
    printf '%s\n' "${packages}"
    printf '%s\n' --
    cut -d' ' -f1 <<<"${packages}" | LC_ALL=C xargs apt-cache policy --
  } | awk '
    $0 == "--" && !listed { listed = 1; next }
    !listed { version[++count] = $2; name[count] = $1; next }
    /^[^ ].*:$/ { package = substr($0, 1, length($0) - 1); next }
    /^ (\*\*\*|   ) [^ ]+ -?[0-9]+( \(phased [0-9]+%\))?$/ { known[package " " ($1 == "***" ? $2 : $1)] = 1 }
    /^       +-?[0-9]+ / && $2 != "/var/lib/dpkg/status" { archived[package] = 1 }
    END { for (i = 1; i <= count; i++) if (name[i] in archived && !(name[i] " " version[i] in known)) print name[i], version[i] }'
}

# pei_locked_lists_old: whether the package lists lack a locked version, which newer lists may have.
pei_locked_lists_old() { [[ -n "$(__pei_locked_absent)" ]]; }

# __pei_locked_stop NAME…: what can be done about packages whose locked versions cannot be had; the lines on stdin say which.
__pei_locked_stop() {
  pei_log_error 'the archive does not give the versions that pei.lock has:'
  sed 's/^/  /' >&2
  pei_log_error 'to get them: set `apt.snapshot` to a time at which the archive had them, or name a mirror that keeps them in `apt.repo_source`'
  pei_log_error "to take newer ones: \`pei lock --update $*\`, then configure and build again"
}

# __pei_locked_wanted NAME…: those of the names that are packages, and all that these depend on, a line each.
__pei_locked_wanted() {
  local names
  names="$(apt-cache pkgnames | grep -xFf <(printf '%s\n' "$@"))" || return 0
  LC_ALL=C xargs apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances -- <<<"${names}" 2>/dev/null | sed -nE 's/^([a-z0-9][^ :]*).*/\1/p'
}

# pei_locked_explain NAME…: says which locked versions no list has, of packages with these names and of what they depend on,
# after apt failed. Not all names need be packages.
pei_locked_explain() {
  local absent
  absent="$(__pei_locked_absent)"
  [[ -n "${absent}" ]] || return 0
  absent="$({
    __pei_locked_wanted "$@"
    printf '%s\n' --
    printf '%s\n' "${absent}"
  } | awk '
    $0 == "--" && !listed { listed = 1; next }
    !listed { wanted[$1] = 1; next }
    { name = $1; sub(/:.*/, "", name) }
    name in wanted')"
  [[ -n "${absent}" ]] || return 0
  # shellcheck disable=SC2046 # names of packages
  __pei_locked_stop $(sed 's/[: ].*//' <<<"${absent}") <<<"${absent}"
}

# __pei_locked_fits: whether the packages on stdin (`NAME ARCHITECTURE VERSION`, a line each) have the versions of the lock.
# Otherwise names those that do not. Packages that the lock does not have are named in a warning.
__pei_locked_fits() {
  local file found new
  file="$(__pei_locked_file apt)" || return 0
  found="$({
    __pei_locked_packages "${file}"
    printf '%s\n' --
    cat
  } | awk -v here="$(dpkg --print-architecture)" '
    $0 == "--" && !listed { listed = 1; next }
    !listed { version[$1] = $2; next }
    {
      name = ($2 == here || $2 == "all") ? $1 : $1 ":" $2
      if (!(name in version)) print "new", name, $3
      else if (version[name] != $3) print "other", name, version[name], "(here it is " $3 ")"
    }')"
  new="$(sed -n 's/^new //p' <<<"${found}" | paste -sd ',' | sed 's/,/, /g')"
  [[ -z "${new}" ]] || pei_log_warn "not in pei.lock, so the version is the archive's: ${new}; \`pei lock\` adds it"
  found="$(sed -n 's/^other //p' <<<"${found}")"
  [[ -n "${found}" ]] || return 0
  # shellcheck disable=SC2046 # names of packages
  __pei_locked_stop $(sed 's/[: ].*//' <<<"${found}") <<<"${found}"
  __pei_locked_explain_older <<<"${found}"
  return 1
}

# __pei_locked_explain_older: an archive that has moved on has newer versions. Of what has an older one (lines on stdin as in
# __pei_locked_fits), the lock has the version to which another step of the stage has upgraded it.
__pei_locked_explain_older() {
  local name locked here
  local -a older=()
  while read -r name locked here; do
    here="${here#(here it is }"
    ! dpkg --compare-versions "${here%)}" lt "${locked}" || older+=("${name}")
  done
  ((${#older[@]} == 0)) || pei_log_error "older than in pei.lock: ${older[*]}; a later hook of this stage may have upgraded it." \
    'A lock has one version for a stage: upgrade it in another stage, or before anything of this stage installs it'
}

# pei_locked_installed BEFORE: whether what was installed since pei_installed_packages printed BEFORE fits the lock.
pei_locked_installed() {
  __pei_locked_file apt >/dev/null || return 0
  comm -13 <(LC_ALL=C sort <<<"$1") <(pei_installed_packages | LC_ALL=C sort) | __pei_locked_fits
}

# pei_locked_planned TEXT: whether what `apt-get --simulate` printed fits the lock.
pei_locked_planned() {
  # Without a lock nothing reads what sed writes, and a long plan would end sed by SIGPIPE, and the installation with it.
  __pei_locked_file apt >/dev/null || return 0
  sed -nE 's/^Inst ([^ :]+)[^ ]* (\[[^]]*\] )?\(([^ ]+) .*\[([a-z0-9-]+)\]\).*/\1 \4 \3/p' <<<"$1" | __pei_locked_fits
}

# pei_locked_sum URL: the locked sum of a download; nothing if the lock has none. What is not recorded is not locked. A query may
# be another one each time, as where it holds a token: it counts only where the lock has more than one.
pei_locked_sum() {
  local file
  [[ -n "${PEI_RECORD-}" ]] && file="$(__pei_locked_file downloads)" || return 0
  URL="$(pei_plain_url "$1")" awk -v here="$(__pei_locked_here)" -v query="$(pei_query_sum "$1")" '
    $1 == "download" && $2 == here && substr($0, length($1 $2 $3 $4) + 5) == ENVIRON["URL"] {
      count++
      only = $3
      if ($4 == (query == "" ? "-" : query)) { same = $3; exit }
    }
    END { if (same != "") print same; else if (count == 1) print only }' "${file}"
}

# pei_locked_commit URL REF: the locked commit of a clone, likewise.
pei_locked_commit() {
  local file
  [[ -n "${PEI_RECORD-}" ]] && file="$(__pei_locked_file downloads)" || return 0
  URL="$(pei_plain_url "$1")" REF="${2:--}" awk -v here="$(__pei_locked_here)" '
    $1 == "git" && $2 == here && $4 == ENVIRON["REF"] && substr($0, length($1 $2 $3 $4) + 5) == ENVIRON["URL"] { print $3; exit }' "${file}"
}

# pei_locked_differs NAME FOUND WANTED [REF]: says that a download, or a clone at REF, is not the locked one.
pei_locked_differs() {
  pei_log_error "$1${4:+ at $4} is $2, and pei.lock has $3;" \
    "if the new one is right, \`pei lock --update $(printf '%q' "$1")\`, then configure and build again"
}

# pei_locked_option: the option of `pei configure` that keeps a locked build locked.
pei_locked_option() { ! __pei_locked_file apt >/dev/null || printf ' --locked'; }

# pei_locked_tell NAME: says that a download is not locked, in a locked build.
pei_locked_tell() {
  [[ -n "${PEI_RECORD-}" ]] && __pei_locked_file downloads >/dev/null || return 0
  pei_log_warn "$1 is not in pei.lock; \`pei lock\` adds it"
}

# pei_locked_request NAME WORD: the version that NAME had in the lock when WORD (`lts`, `latest`) was requested; WORD if the lock
# has none. What is not recorded is not locked.
pei_locked_request() {
  local file
  [[ -n "${PEI_RECORD-}" ]] && file="$(__pei_locked_file downloads)" || file=/dev/null
  awk -v here="$(__pei_locked_here)" -v name="$1" -v word="$2" '
    $1 == "requested" && $2 == here && $3 == word && $4 == name { word = $5; exit } END { print word }' "${file}"
}

# pei_locked_conda ENVIRONMENT NAME: the locked version of a package of conda; nothing if the lock has none.
pei_locked_conda() {
  local file
  [[ -n "${PEI_RECORD-}" ]] && file="$(__pei_locked_file downloads)" || return 0
  awk -v here="$(__pei_locked_here)" -v environment="$1" -v name="$2" '
    $1 == "conda" && $2 == here && $3 == environment && $4 == name { print $5; exit }' "${file}"
}

# pei_locked_version TOOL: the locked default version of a tool; fails if there is none.
pei_locked_version() {
  local file
  file="$(__pei_locked_file downloads)" || return 1
  awk -v here="$(__pei_locked_here)" -v tool="$1" '
    $1 == "version" && $2 == here && $3 == tool { print $4; found = 1; exit } END { exit !found }' "${file}"
}
