#!/usr/bin/env bats
# `pei build --reproduce`, and images in a file by `pei save`.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load ../support/load

setup_file() {
    begin_file
    derive_full full
    LOCAL=$ID-full
    PORT=$(free_port)
    export LOCAL PORT
    WARNINGS=1 quick minimal
    printf '%s\n' "$PROJECT" >"$WORK/same"
}

teardown_file() {
    end_file
}

setup() {
    PROJECT=$(<"$WORK/same")
    export PROJECT
}

teardown() {
    note_images
}

pei_build() {
    note_images
    attempt "$PEI_BIN" build -p "$PROJECT" "$@" -- --quiet
}

@test "two builds of a quick template are identical, and the file has the same digest" {
    pei_build --reproduce
    equal 0 "$status" 'the exit status' || fail "$output"
    has "$output" 'stage-1: identical, sha256:'
    local digest
    digest=$(sed -n 's/^stage-2: identical, //p' <<<"$output")
    equal '' "$(compgen -G "$PROJECT/.pei/exported*" || true)" 'what is left'
    # The first of the two has lost its name.
    equal '' "$(docker image ls --quiet --filter dangling=true --filter "label=io.pei.project=${PROJECT##*/}")" 'images that are left'
    must "$PEI_BIN" save -p "$PROJECT" -o "$WORK/image.tar" -q
    equal "$digest" "$output"
    equal 600 "$(stat -c %a "$WORK/image.tar")"
    # As other tools find it.
    equal "${digest#sha256:}" "$(tar -xOf "$WORK/image.tar" index.json | jq -r '.manifests[0].digest' | cut -d: -f2)"
    equal "${digest#sha256:}" "$(tar -xOf "$WORK/image.tar" "blobs/sha256/${digest#sha256:}" | sha256sum | cut -d' ' -f1)"
    must_fail "$PEI_BIN" save -p "$PROJECT" -o "$WORK/image.tar"
    has "$output" 'exists already'
}

@test "engines load the file, and what they have then gives the same file" {
    local name before limit
    name=$(compose config --images stage-2 | grep stage-2)
    before=$(files "$name")
    must docker load --quiet --input "$WORK/image.tar"
    equal "$before" "$(files "$name")" 'the files'
    # No file is newer than the base, whose own last one has a part of a second.
    limit=$(tar -xOf "$WORK/image.tar" manifest.json | jq -r '.[0].Config' | xargs tar -xOf "$WORK/image.tar" | jq -r .created)
    must drun --entrypoint sh "$name" -c "find / -xdev -newermt '$limit' ! -path '/etc/host*' ! -path /etc/resolv.conf \
        ! -path /etc/mtab ! -path /etc/pei-test-run ! -path /.dockerenv ! -path / ! -path /etc ! -path '/dev*' ! -path '/proc*' ! -path '/sys*'"
    equal '' "$output" 'files that are newer'
    must "$PEI_BIN" save -p "$PROJECT" -o "$WORK/again.tar" -q
    must cmp "$WORK/image.tar" "$WORK/again.tar"
    command -v podman >/dev/null || skip 'podman is not installed'
    local podman=(podman --root "$WORK/podman" --runroot "$WORK/podman-run" --storage-driver overlay)
    must "${podman[@]}" load --quiet --input "$WORK/image.tar"
    has "$output" "$name"
    must "${podman[@]}" image inspect --format '{{.Id}}' "$name"
    equal "$(docker image inspect --format '{{.Id}}' "$name")" "sha256:$output"
    "${podman[@]}" rmi --all --force >/dev/null
}

# files IMAGE: type, mode, owner, target and path of everything, and the sum of each file.
files() {
    drun --entrypoint bash "$1" -c 'cd / && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev \) -prune \
        -o ! -path ./etc/hosts ! -path ./etc/hostname ! -path ./etc/resolv.conf ! -path ./.dockerenv -printf "%y %m %U %G %l %p\n" | sort
        find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev \) -prune \
        -o -type f ! -path ./etc/hosts ! -path ./etc/hostname ! -path ./etc/resolv.conf -print0 | sort -z | xargs -0 sha256sum' | sha256sum
}

@test "a hook that writes the time is named with its file" {
    project planted
    hook stage-1/custom/plant.sh <<<'date +%s%N >/etc/built; mkdir -p /opt/same; touch /opt/same/file'
    config <<YAML
stage_1:
  $(image_1 "$LOCAL")
  custom: {on_build: [stage-1/custom/plant.sh --some arguments]}
stage_2:
  $(image_2)
YAML
    pei_build --reproduce
    equal 4 "$status" 'the exit status'
    has "$output" $'stage-1: 1 difference\n  stage_1.custom.on_build[0] (stage-1/custom/plant.sh)\n    /etc/built: content\n'
    has_line "$output" 'stage-2: 1 difference, 1 of them named above'
    has "$output" 'two builds of `stage-1` and `stage-2` gave images that differ'
}

@test "what is not there or not of the config is not saved" {
    project missing
    config <<YAML
stage_1:
  $(image_1 "$LOCAL")
YAML
    must_end_with 1 "$PEI_BIN" save -p "$PROJECT" -o "$WORK/missing.tar"
    has "$output" 'there is no image'
    has "$output" 'run `pei build stage-1`, then this again'
    must_end_with 2 "$PEI_BIN" save stage-9 -p "$PROJECT" -o "$WORK/missing.tar"
    has "$output" 'no stage `stage-9`'
    PROJECT=$(<"$WORK/same")
    echo '# changed' >>"$PROJECT/installation/stage-1/custom/my-build-1.sh"
    must_end_with 1 "$PEI_BIN" save -p "$PROJECT" -o "$WORK/missing.tar"
    has "$output" 'something changed since the image'
    SOURCE_DATE_EPOCH=yesterday must_end_with 2 "$PEI_BIN" save -p "$PROJECT" -o "$WORK/missing.tar"
    has "$output" 'is no time'
    [[ ! -e $WORK/missing.tar ]] || fail 'a file was written'
}
