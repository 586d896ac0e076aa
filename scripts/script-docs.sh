#!/usr/bin/env bash
# Writes the option tables in the README.md of each tool's directory, and the overview docs/scripts.md, from the scripts' own
# --help and heads, and from scripts/script-sizes.txt.
#
# Usage: scripts/script-docs.sh [--check]
#   --check  change nothing; exit 1 and name the files if a table differs from --help
#
# A table is between the lines `<!-- options -->` and `<!-- /options -->`. A README without them gets them at its end; a
# directory without a README gets a new one. Scripts whose first line does not name bash are for sourcing, and are skipped.
set -Eeuo pipefail
shopt -s inherit_errexit nullglob

ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
BEGIN='<!-- options -->'
END='<!-- /options -->'
# Measured by tests/installers/tools.bats.
SIZES="${ROOT}/scripts/script-sizes.txt"

usage() { sed -n '5,6s/^# //p' "${BASH_SOURCE[0]}"; }

die() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-1}"
}

folders() {
  local dir
  for dir in "${ROOT}"/installation/stage-1/system/ "${ROOT}"/installation/stage-1/system/*/ "${ROOT}"/installation/stage-2/utilities/; do
    [[ ! -d "${dir}" ]] || printf '%s\n' "${dir%/}"
  done
}

# The scripts of a directory that are executed, not sourced.
programs() {
  local script
  for script in "$1"/*.sh "$1"/*.bash; do
    if [[ "$(head -n 1 -- "${script}")" == '#!'*bash* ]]; then
      printf '%s\n' "${script}"
    fi
  done
}

# Without the caller's environment, so that the text is the same on every machine.
help_of() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C timeout 20 bash "$1" --help </dev/null \
    || die "${1#"${ROOT}/"} --help failed"
}

# One script's part: name, sentence, table, notes.
section() {
  printf '### `%s`\n\n' "${1##*/}"
  help_of "$1" | awk '
    function cell(text) { gsub(/\|/, "\\|", text); gsub(/</, "\\&lt;", text); return text }
    function flush() {
      if (left == "") return
      if (!table) { print "| option | what |"; print "|---|---|"; table = 1 }
      print "| `" cell(left) "` | " cell(text) " |"
      left = ""; text = ""
    }
    NR == 1 { next }
    /^(Options|Arguments):$/ { in_list = 1; next }
    in_list && /^  [^ ]/ {
      flush()
      left = substr($0, 3)
      if (match(left, /  +/)) { text = substr(left, RSTART + RLENGTH); left = substr(left, 1, RSTART - 1) }
      next
    }
    in_list && /^          / {
      line = $0
      sub(/^ +/, "", line)
      text = text (text == "" ? "" : " ") line
      next
    }
    in_list && /^$/ { next }
    in_list { flush(); in_list = 0; print "" }
    /^$/ && !begun { next }
    # Escape <words> and *stars* in notes.
    { begun = 1; print }
    END { flush() }
  '
  printf '\n'
}

tables() {
  local script
  while IFS= read -r script; do
    section "${script}"
  done
}

# Prints README with the text of file $2 between the markers.
with_tables() {
  awk -v begin="${BEGIN}" -v end="${END}" -v textfile="$2" '
    function emit(   line) {
      print begin
      print ""
      while ((getline line < textfile) > 0) print line
      print end
      done = 1
    }
    $0 == begin { emit(); skip = 1; next }
    $0 == end { skip = 0; next }
    !skip { print }
    END { if (!done) { print ""; emit() } }
  ' "$1"
}

# head_field SCRIPT NAME: the text after `NAME:` in the comment at the script's head, up to the next field or paragraph.
head_field() {
  awk -v name="$2:" '
    NR == 1 { next }
    !/^#/ { exit }
    { sub(/^# ?/, "") }
    $0 == "" { if (taken) exit; next }
    {
      at = index($0, name)
      if (at) { taken = 1; $0 = substr($0, at + length(name)) }
      if (!taken) next
      if (match($0, /(^| )[A-Z][a-z]+:( |$)/)) { text = text " " substr($0, 1, RSTART - 1); exit }
      text = text " " $0
    }
    END {
      gsub(/ +/, " ", text)
      sub(/^ /, "", text)
      sub(/[. ]+$/, "", text)
      print text
    }
  ' "$1"
}

# size_of SCRIPT: how much it adds to an image, as text for the table.
size_of() {
  local size
  size="$(awk -v script="${1#"${ROOT}/installation/"}" '$1 == script { print $2 }' "${SIZES}")"
  if [[ -n "${size}" ]]; then
    printf '%s MB\n' "${size}"
  elif [[ "$(head_field "$1" Network)" =~ ^(no|none)$ ]]; then
    printf 'next to nothing\n'
  else
    printf 'not measured\n'
  fi
}

# One row of the overview.
row() {
  local script="$1" path options what
  path="${script#"${ROOT}/"}"
  what="$(help_of "${script}" | sed -n '3p')"
  options="$(help_of "${script}" | sed -nE 's/^  (--[a-z0-9-]+).*/`\1`/p' \
    | grep -vE '^`--(dry-run|force|verbose|quiet)`$' | paste -sd ' ' || true)"
  printf '| [%s](../%s) | %s | %s | %s | %s | %s |\n' "${path#installation/}" "${path}" "${what}" "${options}" \
    "$(head_field "${script}" Root)" "$(head_field "${script}" Network)" "$(size_of "${script}")"
}

overview() {
  local folder script
  cat <<'TEXT'
# The installers

To install a tool, name its script and options in a hook: `on_build: ['stage-1/system/pixi/install-pixi.bash --user me']`.
Every script also has the options `--dry-run` (prints what it would do; no network, no change), `--force`, `--verbose`, `--quiet` and `--help`. A second run
changes nothing. Stage-2's directories of the same names hold forwarders to these scripts. The README.md of each directory explains the options.

The size is what the script adds to an image of Debian 12 on amd64, without other tools that it needs. It was measured for tools that come from
Debian, npm or PyPI. The size of install-uv-for-everyone.bash is for three accounts.

| script, below `installation/` | what | options of its own | root | network | size |
|---|---|---|---|---|---|
TEXT
  while IFS= read -r folder; do
    while IFS= read -r script; do
      row "${script}"
    done < <(programs "${folder}")
  done < <(folders)
  # The two installers that only stage-2 has, and the samples that install something.
  for script in "${ROOT}"/installation/stage-2/system/conda/auto-install-*.sh \
    "${ROOT}"/installation/stage-1/custom/install-dev-tools.sh "${ROOT}"/installation/stage-2/custom/install-gui-tools.sh; do
    row "${script}"
  done
  closed_network
}

closed_network() {
  cat <<'TEXT'

## In a closed network

A plain web server inside the network can replace every host that the installers download from. Each script says what it would download:

```sh
pei create -p demo -q minimal
bash demo/installation/stage-1/system/uv/install-uv.sh --dry-run
```

1. Outside, download these files into a directory that has one subdirectory for each host. Do this for each hook of your config.

<!-- no-run: needs the network -->
```sh no-run
bash demo/installation/stage-1/system/uv/install-uv.sh --dry-run | grep -oE 'https://[^ ]+' | sort -u | wget --force-directories -P files -i -
```

2. Inside, serve the directory with any web server.

<!-- no-run: runs until it is stopped -->
```sh no-run
python3 -m http.server --directory files 8080
```

3. Set `PEI_DOWNLOAD_MIRROR=http://10.0.0.5:8080`: in `environment` of the config for run-time hooks, and as a build argument
   (`docker compose build --build-arg PEI_DOWNLOAD_MIRROR=…`) for build hooks.

Package managers need a server of their own kind there: `PEI_DOWNLOAD_MIRROR/registry.npmjs.org` must be an npm registry (for bun, pnpm, Claude
Code, Codex, Angular), `PEI_DOWNLOAD_MIRROR/pypi.org/simple` a Python index (for LiteLLM, computer vision). Debian's and Ubuntu's packages come from apt's
sources. [guides/closed-networks.md](guides/closed-networks.md) explains the rest: the base image, packages, certificates, and how to use files without a server.
TEXT
}

# put FILE TEXT: writes the text to FILE; with --check it only compares.
put() {
  local file="$1" text="$2"
  if [[ -f "${file}" ]] && cmp -s -- "${text}" "${file}"; then
    return 0
  fi
  if ((check)); then
    printf 'stale: %s\n' "${file#"${ROOT}/"}" >&2
    stale=1
  else
    cat -- "${text}" >"${file}"
    printf 'wrote %s\n' "${file#"${ROOT}/"}"
  fi
}

main() {
  local check=0 folder readme scratch stale=0
  local -a scripts
  case "${1-}" in
    '') ;;
    --check) check=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "unknown option \`$1\`; the only one is --check" 2 ;;
  esac
  scratch="$(mktemp -d)"
  # shellcheck disable=SC2064 # the path is known now
  trap "rm -rf -- '${scratch}'" EXIT
  while IFS= read -r folder; do
    mapfile -t scripts < <(programs "${folder}")
    ((${#scripts[@]} > 0)) || continue
    printf '%s\n' "${scripts[@]}" | tables >"${scratch}/tables"
    readme="${folder}/README.md"
    if [[ -f "${readme}" ]]; then
      cat -- "${readme}"
    else
      printf '# %s\n' "${folder##*/}"
    fi >"${scratch}/old"
    with_tables "${scratch}/old" "${scratch}/tables" >"${scratch}/new"
    put "${readme}" "${scratch}/new"
  done < <(folders)
  overview >"${scratch}/overview"
  put "${ROOT}/docs/scripts.md" "${scratch}/overview"
  ((stale == 0)) || die 'run scripts/script-docs.sh'
}

main "$@"
