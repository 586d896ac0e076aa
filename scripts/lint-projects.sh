#!/usr/bin/env bash
# Make a project of every example and quick template, and check pei's files with other tools.
#
# Usage:   lint-projects.sh [FILTER...]      (lint-projects.sh --help tells more)
# Reads:   PEI_BIN
# Root:    no
# Network: none
set -Eeuo pipefail
shopt -s inherit_errexit nullglob

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
readonly repo
readonly EXIT_USAGE=2 EXIT_MISSING=3
readonly NEEDED=(docker check-jsonschema hadolint shellcheck ssh-keygen)

work_dir=

usage() {
    cat <<'HELP'
Usage: lint-projects.sh [FILTER...]

For every example, every quick template and the full config: create a project, configure it, and run
  docker compose config                on docker-compose.yml, also with --full-compose; needs no engine
  check-jsonschema                     on docker-compose.yml, against the Compose schema, and on
                                       user_config.yml, against pei's own
  hadolint (errors)                    on the Dockerfiles
  shellcheck                           on the generated scripts
A FILTER is a part of a name such as `basic/minimal-ssh` or `quick/secure`.

The tools:   PATH=$(scripts/install-test-tools.sh):$PATH scripts/lint-projects.sh

Options:
  -h, --help   Show this text

Environment:
  PEI_BIN      The pei to test [target/release/pei]

Exit status: 0 no problem, 1 a problem was found, 2 wrong usage, 3 a tool is missing
HELP
}

say() { printf '%s\n' "$*" >&2; }

die() {
    local status=$1
    shift
    say "lint-projects.sh: $*"
    exit "$status"
}

require_tools() {
    local tool missing=()
    for tool in "${NEEDED[@]}"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    docker compose version >/dev/null 2>&1 || missing+=('docker compose')
    ((${#missing[@]} == 0)) ||
        die "$EXIT_MISSING" "missing: ${missing[*]}; see scripts/install-test-tools.sh and scripts/engine.sh"
    [[ -x $PEI_BIN ]] || die "$EXIT_MISSING" "no such program: $PEI_BIN; build it, or set PEI_BIN"
}

# A home with a key, for configs with `pubkey_file: '~'`.
make_home() {
    HOME=$work_dir/home
    export HOME
    mkdir -p "$HOME/.ssh"
    ssh-keygen -q -t ed25519 -N '' -C lint -f "$HOME/.ssh/id_ed25519"
}

# configs: a line each: NAME CONFIG.
configs() {
    local file
    for file in "$repo"/examples/*/*/user_config.yml; do
        file=${file#"$repo/examples/"}
        printf '%s %s\n' "${file%/user_config.yml}" "$repo/examples/$file"
    done
    for file in "$repo"/templates/config/quick/*.yml; do
        printf 'quick/%s %s\n' "$(basename "$file" .yml)" "$file"
    done
    printf 'full %s\n' "$repo/templates/config/full.yml"
}

# check WHAT COMMAND...: shows the command's output if it fails.
check() {
    local what=$1
    shift
    "$@" >"$work_dir/log" 2>&1 && return
    say "  $what:"
    sed 's/^/    /' "$work_dir/log" >&2
    return 1
}

# lint NAME CONFIG: runs all checks, also after one has failed.
lint() {
    local project=$work_dir/project status=0 file scripts=()
    rm -rf -- "$project"
    "$PEI_BIN" create --quiet -p "$project" -q minimal --no-examples || return 1
    [[ ! -d ${2%/*}/installation ]] || cp -r -- "${2%/*}/installation" "$project"
    cp -- "$2" "$project/user_config.yml"
    cd "$project"
    check 'pei configure' "$PEI_BIN" configure || return 1
    # The merged build needs a second stage, and no Compose replaces `${…}` there.
    if grep -q '^  stage-2:' docker-compose.yml && ! grep -qE '[^$][$][{]' docker-compose.yml; then
        check 'pei configure --with-merged' "$PEI_BIN" configure --with-merged || status=1
    fi

    check 'docker compose config' docker compose --profile '*' config --quiet || status=1
    check 'the Compose schema' check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml || status=1
    check 'pei configure --full-compose' "$PEI_BIN" configure --full-compose || status=1
    check 'docker compose config of the full one' docker compose --profile '*' config --quiet || status=1
    check 'the schema of user_config.yml' \
        check-jsonschema --schemafile user_config.schema.json user_config.yml || status=1
    check hadolint hadolint --no-color --failure-threshold error ./*Dockerfile || status=1
    for file in installation/stage-*/generated/*.sh ./*.sh; do
        [[ ! -s $file ]] || scripts+=("$file")
    done
    check shellcheck shellcheck "${scripts[@]}" || status=1
    return "$status"
}

main() {
    local name config filter total=0 failed=0 wanted
    case ${1:-} in
        -h | --help) usage && return ;;
        -*) usage >&2 && die "$EXIT_USAGE" "unknown option \`$1\`" ;;
    esac
    PEI_BIN=$(realpath -m -- "${PEI_BIN:-$repo/target/release/pei}")
    require_tools
    work_dir=$(mktemp -d)
    trap 'rm -rf -- "$work_dir"' EXIT
    make_home
    while read -r name config; do
        wanted=
        for filter in "${@:-}"; do
            [[ $name != *"$filter"* ]] || wanted=1
        done
        [[ -n $wanted ]] || continue
        total=$((total + 1))
        say "$name"
        (lint "$name" "$config") || failed=$((failed + 1))
    done < <(configs)
    ((total > 0)) || die "$EXIT_USAGE" "no name contains ${*}"
    say "$total projects, $failed with findings"
    ((failed == 0))
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
