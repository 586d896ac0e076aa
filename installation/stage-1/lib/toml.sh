# shellcheck shell=bash
# Single settings in TOML files that belong to the user: nothing else in the file changes. Knows tables,
# dotted top-level keys, comments and values that run over several lines; written for any awk.

# The line scanner that both editors share. For each line it sets `kind` (header, key, other, more), and for keys `key`.
# shellcheck disable=SC2016 # awk text
__PEI_TOML_SCAN='
  # Brackets that are open at the end of the line, with strings and comments left out.
  function depth_change(line,   bare, opened, closed) {
    bare = line
    gsub(/\\"/, "", bare)
    gsub(/"[^"]*"/, "", bare)
    gsub(/\047[^\047]*\047/, "", bare)
    sub(/#.*/, "", bare)
    opened = gsub(/[\[{]/, "", bare)
    closed = gsub(/[\]}]/, "", bare)
    return opened - closed
  }
  function scan(line,   bare) {
    if (depth > 0) { kind = "more"; depth += depth_change(line); return }
    if (line ~ /^[ \t]*\[.*\][ \t]*(#.*)?$/) {
      kind = "header"
      bare = line
      sub(/[ \t]*#[^\]]*$/, "", bare)
      gsub(/[ \t]/, "", bare)
      table = bare
      return
    }
    if (match(line, /^[ \t]*("[^"]*"|\047[^\047]*\047|[A-Za-z0-9_.-]+)[ \t]*=/)) {
      kind = "key"
      key = substr(line, RSTART, RLENGTH - 1)
      gsub(/^[ \t]+|[ \t]+$/, "", key)
      depth += depth_change(substr(line, RLENGTH + 1))
      return
    }
    kind = "other"
  }
'

# pei_toml_set FILE TABLE KEY VALUE: KEY = VALUE under [TABLE]; KEY and VALUE as TOML text. An empty VALUE removes the key.
pei_toml_set() {
  local file="$1" real old=/dev/null text
  real="$(__pei_real_path "${file}")"
  [[ ! -f "${real}" ]] || old="${real}"
  if [[ -z "$4" && "${old}" == /dev/null ]]; then
    return 0
  fi
  text="$(PEI_TOML_TABLE="$2" PEI_TOML_KEY="$3" PEI_TOML_VALUE="$4" awk "${__PEI_TOML_SCAN}"'
    function put() {
      if (!done && value != "") print name " = " value
      done = 1
    }
    BEGIN {
      want = ENVIRON["PEI_TOML_TABLE"]; name = ENVIRON["PEI_TOML_KEY"]; value = ENVIRON["PEI_TOML_VALUE"]
      dotted = want "." name
    }
    {
      scan($0)
      if (kind == "more") { if (!dropping) print; next }
      dropping = 0
      if (kind == "header") {
        print
        # Insert directly below the header: other tables may follow.
        if (table == "[" want "]") put()
        next
      }
      if (kind == "key" && table == "[" want "]" && key == name) { dropping = 1; next }
      if (kind == "key" && table == "" && key == dotted) {
        # A dotted key has defined the table already, and TOML forbids a second definition.
        if (!done && value != "") print dotted " = " value
        done = 1; dropping = 1
        next
      }
      print
    }
    END {
      if (!done && value != "") {
        if (NR > 0) print ""
        print "[" want "]"
        put()
      }
    }' "${old}")" || return 1
  pei_write_file "${file}" <<<"${text}"
}

# pei_toml_without_tables FILE TABLE: prints FILE without any [[TABLE]]; nothing for a missing file.
pei_toml_without_tables() {
  local real
  real="$(__pei_real_path "$1")"
  [[ -f "${real}" ]] || return 0
  PEI_TOML_TABLE="$2" awk "${__PEI_TOML_SCAN}"'
    BEGIN { want = "[[" ENVIRON["PEI_TOML_TABLE"] "]]" }
    {
      scan($0)
      if (kind == "header") dropping = (table == want)
      if (!dropping) print
    }' "${real}"
}

# pei_toml_drop_tables FILE TABLE: removes every [[TABLE]] with all that is in it.
pei_toml_drop_tables() {
  local text
  [[ -f "$1" ]] || return 0
  text="$(pei_toml_without_tables "$1" "$2")" || return 1
  pei_write_file "$1" <<<"${text}"
}

# pei_toml_quote TEXT: a TOML basic string.
pei_toml_quote() {
  local text="${1//\\/\\\\}"
  printf '"%s"\n' "${text//\"/\\\"}"
}
