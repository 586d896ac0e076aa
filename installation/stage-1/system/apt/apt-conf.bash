# shellcheck shell=bash
# What the apt cache scripts share. Sourced after lib/pei.sh.

# The directory for apt's configuration; tests use another.
__apt_conf_dir() { printf '%s\n' "${PEI_APT_CONF_DIR:-/etc/apt/apt.conf.d}"; }

# The directory's name goes into apt's configuration and, there, into a shell command: what either would
# read as syntax is refused instead of being escaped twice.
apt_require_plain_folder() {
  local folder="$1"
  [[ "${folder}" == /* ]] || pei_usage_die "expected an absolute directory, found \`${folder}\`"
  [[ "${folder}" =~ ^[A-Za-z0-9/._@+,:\ -]+$ ]] || pei_usage_die "directory \`${folder}\`: letters, digits, blanks and ._@+,:- only"
}

# apt_copy_hook DIR: a line of configuration that copies packages to DIR after each dpkg run. The command is run by
# apt's sh. It asks apt each time where the archives are, so that a later change of that directory counts; without word
# splitting, so that blanks in it are harmless. It takes what is installed here: a build shares its archives with the
# builds of other projects. It never fails an installation.
apt_copy_hook() {
  local folder="$1" command
  command="IFS=; set -f; eval \$(apt-config shell archives Dir::Cache::Archives/d); IFS=' '"
  # In file names apt writes the colon of a version as %3a. In its configuration it would read %3a as a colon.
  command+="; for name in \$(dpkg-query -W -f '\${Package}_\${Version}_\${Architecture}.deb ' | sed 's/:/%''3a/g')"
  command+="; do IFS=; cp -u -t '${folder}' -- \$archives\$name && chmod 0644 '${folder}'/\$name; done"
  printf 'DPkg::Post-Invoke { "( %s ) 2>/dev/null || true"; };\n' "${command}"
}

# apt_conf_set NAME: the text on stdin becomes the configuration file NAME.
apt_conf_set() { pei_write_file --mode 0644 "$(__apt_conf_dir)/$1"; }

# apt_conf_equals NAME TEXT
apt_conf_equals() {
  local file
  file="$(__apt_conf_dir)/$1"
  [[ -f "${file}" && "$(<"${file}")" == "$2" ]]
}

# apt_conf_disable NAME WHAT: the whole of a disable script, after its options are read.
apt_conf_disable() {
  local file
  file="$(__apt_conf_dir)/$1"
  if [[ ! -e "${file}" ]]; then
    pei_log_info "$2 is not enabled; nothing to do"
    return 0
  fi
  if pei_arg_on dry-run; then
    pei_plan "remove ${file}"
    return 0
  fi
  pei_require_root
  rm -f -- "${file}" || pei_die "cannot remove ${file}"
  pei_log_info "$2 disabled"
}
