#!/usr/bin/env bats
# The record of what a build took, and what two builds without cache have in common.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load
load ../bats/support/releases

setup_file() {
    begin_file
    start_stand_in
    serve_uv "$WORK"
    derive base <<<"ENV PEI_DOWNLOAD_MIRROR=http://robot:s3cret-login@$STAND_IN PEI_DOWNLOAD_RETRIES=1"
    project record
    hook stage-1/custom/packages.sh <<'SH'
apt-get install -y --no-install-recommends file hello
apt-get purge -y hello nano
SH
    hook stage-2/custom/packages.sh <<<'apt-get install -y --no-install-recommends hello'
    config <<YAML
stage_1:
  $(image_1 "$ID-base")
  ssh: {users: {me: {password: record-Pw1, uid: 1234}}}
  custom: {on_build: [stage-1/custom/packages.sh, stage-1/system/uv/install-uv.sh]}
stage_2:
  $(image_2)
  custom: {on_build: [stage-2/custom/packages.sh, stage-1/system/uv/install-uv.sh --user me]}
YAML
    build
    local stage
    for stage in 1 2; do
        drun --entrypoint sh "$(image "$stage")" -c 'cat /usr/share/pei/record/*.jsonl' >"$WORK/record-$stage"
    done
}

teardown_file() {
    end_file
}

setup() {
    project record
}

# packages IMAGE: `NAME ARCHITECTURE VERSION`, a line each.
packages() {
    drun --entrypoint dpkg-query "$1" -W -f '${db:Status-Status} ${Package} ${Architecture} ${Version}\n' |
        sed -n 's/^installed //p' | sort
}

# recorded STAGE KIND: the values of the record's lines, separated by spaces.
recorded() {
    grep "^{\"kind\":\"$2\"," "$WORK/record-$1" | sed -E 's/^\{"kind":"[a-z]+",//; s/"[a-z0-9]+":"([^"]*)"[,}]/\1 /g; s/ $//'
}

@test "the packages are those that dpkg has, and the base has not" {
    local stage
    for stage in 1 2; do
        equal "$(comm -13 <(packages "$BASE") <(packages "$(image "$stage")"))" "$(recorded "$stage" apt | sort)" \
            "what is recorded of stage-$stage"
    done
    has "$(recorded 1 apt)" 'file '
    lacks "$(recorded 1 apt)" 'hello '
    has "$(recorded 2 apt)" 'hello '
}

@test "the downloads and the tools are those that installers brought" {
    local version name sum
    version=$(default_version uv)
    name=uv-$(uname -m)-unknown-linux-gnu.tar.gz
    sum=$(sha256sum "$SERVED/github.com/astral-sh/uv/releases/download/$version/$name" | cut -d' ' -f1)
    equal "$name https://github.com/astral-sh/uv/releases/download/$version/$name $version \
http://$STAND_IN/github.com/astral-sh/uv/releases/download/$version/$name $sum published" "$(recorded 1 download)" 'the download'
    equal "$(recorded 1 download)" "$(recorded 2 download)" "the downloads of stage-2, which took the same"
    equal "uv /usr/local/bin/uv $version" "$(recorded 1 tool)" 'the tool'
    equal "uv /home/me/.local/bin/uv $version
uv /usr/local/bin/uv $version" "$(recorded 2 tool)" 'the tools of stage-2'
}

@test "the record is sorted, small, and holds no secret and no time" {
    local stage
    for stage in 1 2; do
        must jq -e . "$WORK/record-$stage"
        must sort -c <(recorded "$stage" apt)
        must sort -c <(recorded "$stage" tool)
        lacks "$(cat "$WORK/record-$stage")" s3cret
        must_fail grep -E '"(time|date)|[0-9]{2}:[0-9]{2}:[0-9]{2}|20[0-9]{2}-[01][0-9]-[0-3][0-9]' "$WORK/record-$stage"
        (($(wc -c <"$WORK/record-$stage") < 200000)) || fail 'the record is too large'
    done
}

@test "pei record prints it, and its bill of materials is what CycloneDX's own validator takes" {
    local python
    must "$PEI_BIN" record "$(image 2)"
    has "$output" "$(image 2), built on $ID-base, by pei "
    has "$output" $'\ntools (2)\n  uv '
    must "$PEI_BIN" record "$(image 2)" --json
    equal "$(jq -S -c . "$WORK/record-2" | sort)" "$(jq -S -c '.record[]' <<<"$output" | sort)" 'the lines'
    "$PEI_BIN" record "$(image 2)" --sbom >"$WORK/bom.json"
    equal "$(wc -l <"$WORK/record-2")" "$(jq '.components | length' "$WORK/bom.json")" 'the number of components'
    python=$(dirname "$(command -v check-jsonschema)")/python
    "$python" -c 'import cyclonedx' 2>/dev/null || cannot_be_tested 'cyclonedx-python-lib is missing'
    must "$python" - "$WORK/bom.json" <<'PYTHON'
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(fault) if fault else 0)
PYTHON
    must_end_with 1 "$PEI_BIN" record "$BASE"
    has "$output" 'has no record'
    equal '' "$(docker ps -aq --filter "ancestor=$(image 2)")" 'containers that are left'
}

# files IMAGE: type, mode, owner, target and path of everything, and the sum of each file.
files() {
    drun --entrypoint bash "$1" -c 'cd / && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev \) -prune \
        -o ! -path ./etc/hosts ! -path ./etc/hostname ! -path ./etc/resolv.conf ! -path ./.dockerenv -printf "%y %m %U %G %l %p\n" | sort
        find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev \) -prune \
        -o -type f ! -path ./etc/hosts ! -path ./etc/hostname ! -path ./etc/resolv.conf -print0 | sort -z | xargs -0 sha256sum'
}

@test "two builds without cache have the same files" {
    files "$(image 2)" >"$WORK/first"
    build --no-cache
    files "$(image 2)" >"$WORK/second"
    equal '' "$(diff "$WORK/first" "$WORK/second" || true)" 'what differs'
}
