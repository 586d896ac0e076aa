#!/usr/bin/env bash
# Check good and bad configs against the schema that `pei schema` prints, with another program.
#
# Usage:   check-schema.sh      (check-schema.sh --help tells more)
# Reads:   PEI_BIN, SNAPSHOTS
# Root:    no
# Network: none
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2 EXIT_MISSING=3
readonly CATALOGUE=$repo/tests/config/bad_configs
readonly PINNED=$CATALOGUE/refused-by-schema.txt

work_dir=

usage() {
    cat <<'HELP'
Usage: check-schema.sh

Checks configs with check-jsonschema against the schema of `pei schema`:
  - every example, every template and every golden config must match it;
  - of the bad configs in tests/config/bad_configs/ it must refuse as many of each code as refused-by-schema.txt
    there says: editors mark what the schema refuses.

The tool:   PATH=$(scripts/install-test-tools.sh):$PATH scripts/check-schema.sh

Options:
  -h, --help   Show this text

Environment:
  PEI_BIN      The pei to test [target/debug/pei]
  SNAPSHOTS    overwrite: update refused-by-schema.txt

Exit status: 0 no problem, 1 a problem was found, 2 wrong usage, 3 a tool is missing
HELP
}

say() { printf '%s\n' "$*" >&2; }

# Configs that pei accepts must match the schema: one run for all files.
judge_good() {
    local files=("$repo"/examples/*/*/user_config.yml "$repo"/tests/golden/*/user_config.yml
        "$repo"/templates/config/*.yml "$repo"/templates/config/quick/*.yml)
    check-jsonschema --schemafile "$work_dir/schema.json" "${files[@]}" >&2 || return 1
    say "${#files[@]} good configs fit the schema"
}

# Each case of the catalogue as a file NUMBER.CODE.yml, without the mark of the place.
write_cases() {
    # check-jsonschema follows an alias to itself until it crashes.
    cat "$CATALOGUE"/{loading,text,shapes,values,users,hooks,stages,secrets}.txt | awk -v folder="$work_dir/bad" '
        /^#### / {
            if (file) close(file)
            number += 1
            file = $2 == "recursive-alias" ? "" : sprintf("%s/%d.%s.yml", folder, number, $2)
            next
        }
        file { gsub("§", ""); print > file }'
}

# A line for each code: how many of its cases are refused, by the schema or because they are not YAML.
judge_bad() {
    local refused code all
    mkdir -- "$work_dir/bad"
    write_cases
    refused=$(cd "$work_dir/bad" && check-jsonschema --schemafile ../schema.json -- *.yml 2>&1 || true)
    if grep -q '^Traceback' <<<"$refused"; then
        say "$refused"
        return 1
    fi
    refused=$(grep -oE '^ *[0-9]+\.[a-z0-9-]+\.yml|[0-9]+\.[a-z0-9-]+\.yml' <<<"$refused" | tr -d ' ' | sort -u)
    find "$work_dir/bad" -name '*.yml' -printf '%f\n' | cut -d. -f2 | sort | uniq -c | while read -r all code; do
        printf '%s %d of %d\n' "$code" "$(grep -cE "^[0-9]+\.$code\.yml$" <<<"$refused")" "$all"
    done
}

main() {
    case ${1:-} in
        '') ;;
        -h | --help) usage && return ;;
        *) usage >&2 && return "$EXIT_USAGE" ;;
    esac
    PEI_BIN=$(realpath -m -- "${PEI_BIN:-$repo/target/debug/pei}")
    if ! command -v check-jsonschema >/dev/null || [[ ! -x $PEI_BIN ]]; then
        say "check-schema.sh: check-jsonschema or $PEI_BIN is missing; see scripts/install-test-tools.sh"
        return "$EXIT_MISSING"
    fi
    work_dir=$(mktemp -d)
    trap 'rm -rf -- "$work_dir"' EXIT
    "$PEI_BIN" schema >"$work_dir/schema.json"
    judge_good
    judge_bad >"$work_dir/refused"
    if [[ ${SNAPSHOTS:-} == overwrite ]]; then
        cp -- "$work_dir/refused" "$PINNED"
    fi
    diff -u --label pinned --label found -- "$PINNED" "$work_dir/refused" >&2 || return 1
    say "$(wc -l <"$PINNED") codes are refused as pinned"
}

main "$@"
