#!/usr/bin/env bats
# What must stay secret, stays secret: passwords and private keys, and each project's host keys.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    PORT=$(free_port)
    PASSWORD=$(sentinel)
    ROOT_PASSWORD=$(sentinel)
    export PORT PASSWORD ROOT_PASSWORD
    new_key "$WORK/outside" -t ed25519 -C "$(sentinel)"
    new_key "$WORK/inside" -t rsa -b 2048 -C ''
    new_key "$WORK/typed" -t ecdsa -C ''
    project secrets
    # Some keep their key beside the scripts.
    cp "$WORK/inside" "$PROJECT/installation/stage-1/custom/my-key"
    write_config "$PASSWORD"
    # Everything that the build prints, of every step.
    __logged "$PROJECT.log" compose build --no-cache stage-1 stage-2
    mv "$PROJECT.log" "$WORK/build.log"
    # What is kept of a step's settings.
    bake --metadata-file "$WORK/metadata"
    local n
    for n in 1 2; do unpack_image "$(image "$n")" "$WORK/image-$n"; done
    up
    wait_for_ssh "$PORT"
}

teardown_file() {
    leave_builder
    end_file
}

write_config() {
    config <<YAML
stage_1:
  $(image_1)
  ssh:
    host_port: $PORT
    users:
      me: {password: '$1', privkey_file: $WORK/outside}
      ann: {password: '$1', privkey_file: stage-1/custom/my-key}
      ben: {privkey_text: $(yaml_text "$(<"$WORK/typed")")}
      root: {password: '$ROOT_PASSWORD'}
stage_2:
  $(image_2)
YAML
}

setup() {
    project secrets
    C=$(container)
}

# The texts that must not be found: the passwords, and a line from the middle of each private key.
secret_texts() {
    printf '%s\n' "$PASSWORD" "$ROOT_PASSWORD"
    local key
    for key in outside inside typed; do sed -n 3p "$WORK/$key"; done
}

# none_in WHAT FILE...
none_in() {
    local what=$1 text found
    shift
    while IFS= read -r text; do
        [[ -n $text ]] || fail 'an empty secret'
        found=$(grep -rlaF -e "$text" "$@" || true)
        if [[ -n $found ]]; then
            fail "$what holds a secret (${text:0:12}…):" "$found"
            return 1
        fi
    done < <(secret_texts)
}

@test "the search would find a secret" {
    printf 'x%sy\n' "$(sed -n 3p "$WORK/typed")" >"$BATS_TEST_TMPDIR/planted"
    must_fail none_in planted "$BATS_TEST_TMPDIR"
    must_fail none_in config "$PROJECT/user_config.yml"
}

@test "no secret in the history of an image, nor a password's hash" {
    local n
    for n in 1 2; do
        docker history --no-trunc --format '{{json .}}' "$(image "$n")" >"$BATS_TEST_TMPDIR/history-$n"
        docker image inspect "$(image "$n")" >"$BATS_TEST_TMPDIR/inspect-$n"
        [[ -s $BATS_TEST_TMPDIR/history-$n ]] || fail 'no history'
    done
    none_in 'the history' "$BATS_TEST_TMPDIR"
    must_fail grep -F '$6$' -r "$BATS_TEST_TMPDIR"
}

@test "no secret in the output of a build, nor a password's hash" {
    none_in 'the build output' "$WORK/build.log" "$PROJECT.log"
    must_fail grep -F '$6$' "$WORK/build.log" "$PROJECT.log"
}

@test "no secret in what the builder keeps about a build" {
    none_in 'the metadata' "$WORK/metadata"
    must_fail grep -F '$6$' "$WORK/metadata"
}

@test "no secret in a file of the project outside .pei, but where the person wrote it" {
    find "$PROJECT" -path "$PROJECT/.pei" -prune -o -type f ! -path "$PROJECT/user_config.yml" \
        ! -path "$PROJECT/installation/stage-1/custom/my-key" -print0 >"$BATS_TEST_TMPDIR/files"
    mapfile -d '' -t files <"$BATS_TEST_TMPDIR/files"
    ((${#files[@]} > 20)) || fail "only ${#files[@]} files"
    none_in 'a file of the project' "${files[@]}"
    must_fail grep -lF '$6$' "$PROJECT/docker-compose.yml" "$PROJECT"/*.Dockerfile
}

@test "what .pei holds is the owner's alone, and no password stands there in clear" {
    must find "$PROJECT/.pei" -type d ! -perm 700
    equal '' "$output" 'folders that others may enter'
    must find "$PROJECT/.pei/secrets" -type f ! -name README.md ! -perm 600
    equal '' "$output" 'files that others may read'
    must find "$PROJECT/.pei/secrets" -type f
    [[ -n $output ]] || fail 'there are no secrets'
    must_fail grep -rlF -e "$PASSWORD" -e "$ROOT_PASSWORD" "$PROJECT/.pei"
}

@test "no password in any layer" {
    local n
    for n in 1 2; do
        equal '' "$(files_holding "$WORK/image-$n" "$PASSWORD")$(files_holding "$WORK/image-$n" "$ROOT_PASSWORD")"
    done
}

@test "a private key is in no layer but as the user's own identity" {
    local n key file
    for n in 1 2; do
        for key in outside inside typed; do
            while IFS= read -r file; do
                # The only member of the layer that holds the key is a user's identity.
                mkdir -p "$BATS_TEST_TMPDIR/layer"
                tar -x -f "$file" -C "$BATS_TEST_TMPDIR/layer"
                must grep -rlaF -e "$(sed -n 3p "$WORK/$key")" "$BATS_TEST_TMPDIR/layer"
                equal '' "$(grep -vE '/home/(me|ann|ben)/\.ssh/id_[a-z0-9]+$' <<<"$output" || true)" "where the key $key is"
                rm -rf "$BATS_TEST_TMPDIR/layer"
            done < <(files_holding "$WORK/image-$n" "$(sed -n 3p "$WORK/$key")")
        done
    done
}

@test "no ssh host key in any layer" {
    local n
    for n in 1 2; do
        must cat "$WORK/image-$n/layers.txt"
        equal '' "$(grep -E '(^|/)ssh_host_[a-z0-9]+_key(\.pub)?$|ssh-host-keys/.' <<<"$output" || true)" 'the host keys in layers'
    done
}

@test "the build context holds of .pei what a step mounts, and neither the config nor keys" {
    mkdir -p "$PROJECT/.git"
    echo x >"$PROJECT/.git/config"
    # What a run that was killed, or a person, may leave.
    mkdir -p "$PROJECT/.pei/waiting"
    printf '%s\n' "$PASSWORD" | tee "$PROJECT/.pei/waiting/0" "$PROJECT/.pei/secrets/.ssh-credentials.pei-tmp" \
        "$PROJECT/.pei/secrets/ssh-credentials.bak" >"$PROJECT/.pei/secrets/notes"
    printf 'FROM scratch\nCOPY . /\n' >"$BATS_TEST_TMPDIR/Dockerfile"
    must docker build --quiet --output "type=local,dest=$BATS_TEST_TMPDIR/context" \
        --file "$BATS_TEST_TMPDIR/Dockerfile" "$PROJECT"
    rm -r "$PROJECT/.git" "$PROJECT/.pei/waiting" "$PROJECT/.pei/secrets"/{notes,*.bak,.*.pei-tmp}
    [[ -d $BATS_TEST_TMPDIR/context/installation/stage-1 ]] || fail 'the context lacks what the build needs'
    local name
    for name in .git user_config.yml; do
        [[ ! -e $BATS_TEST_TMPDIR/context/$name ]] || fail "the context holds $name"
    done
    equal $'secrets\nsecrets/README.md\nsecrets/ssh-credentials' \
        "$(cd "$BATS_TEST_TMPDIR/context/.pei" && find . -mindepth 1 | cut -c 3- | sort)" 'what it holds of .pei'
    none_in 'the build context' "$BATS_TEST_TMPDIR/context"
}

@test "secrets reach the accounts that they are for" {
    must ssh_as me "$PASSWORD" "$PORT" true
    must ssh_as root "$ROOT_PASSWORD" "$PORT" true
    must in_c -- su ben -c 'ssh-keygen -y -f ~/.ssh/id_ecdsa'
    equal "$(ssh-keygen -y -f "$WORK/typed" | cut -d' ' -f 1,2)" "$(cut -d' ' -f 1,2 <<<"$output")"
}

# ---- builders whose cache goes elsewhere

# The files below DIR that hold a password, a private key, a password's hash or the text that the builds were given.
holding_secrets() {
    { secret_texts && sed 's/.* //' "$PROJECT/.pei/secrets/ssh-credentials" && printf 'password me $6$\n'; } \
        >"$BATS_TEST_TMPDIR/forms"
    traces_of "$BATS_TEST_TMPDIR/forms" "$1"
}

@test "a builder exports no more of its cache than the image, and attests no secret" {
    use_builder
    local dir=$BATS_TEST_TMPDIR/out blob
    mkdir -p "$dir/base" "$dir/image" "$dir/opened"
    docker save "$BASE" | tar -x -C "$dir/base"
    (cd "$PROJECT" && __logged "$PROJECT.log" docker buildx build --builder "$BUILDER" --file stage-2.Dockerfile \
        --build-context "$BASE=oci-layout://$dir/base@$(grep -oE 'sha256:[0-9a-f]{64}' "$dir/base/index.json" | head -n 1)" \
        --provenance mode=max --cache-to "type=local,dest=$dir/cache,mode=max" --output "type=oci,dest=$dir/image.tar" .)
    tar -x -C "$dir/image" -f "$dir/image.tar"
    for blob in "$dir"/{image,cache}/blobs/sha256/*; do
        mkdir -p "$dir/opened/${blob##*/}"
        tar -x --no-same-owner --no-same-permissions -f "$blob" -C "$dir/opened/${blob##*/}" 2>/dev/null ||
            cp "$blob" "$dir/opened/${blob##*/}/text"
    done
    rm -rf "$dir/base" "$dir/image" "$dir/cache" "$dir/image.tar"
    must grep -rlF 'https://slsa.dev/provenance' "$dir/opened"
    must holding_secrets "$dir/opened"
    # It was worth looking.
    has "$output" /etc/shadow
    has "$output" /home/ben/.ssh/id_ecdsa
    equal '' "$(grep -vE '/etc/shadow$|/home/(me|ann|ben)/\.ssh/id_[a-z0-9]+$' <<<"$output" || true)" 'the files that hold a secret'
}

# ---- host keys

@test "a recreated and a restarted container keep their host keys" {
    local before
    before=$(host_keys "$PORT")
    [[ -n $before ]] || fail 'no host keys'
    must compose up --detach --no-build --pull never --force-recreate --timeout 0 stage-2
    wait_for_ssh "$PORT"
    equal "$before" "$(host_keys "$PORT")" 'the host keys after a new container'
    must docker restart --time 0 "$C"
    wait_for_ssh "$PORT"
    equal "$before" "$(host_keys "$PORT")" 'the host keys after a restart'
}

@test "two projects have different host keys" {
    local port mine
    mine=$(host_keys "$PORT")
    port=$(free_port)
    project neighbour
    config <<YAML
stage_1:
  $(image_1)
  ssh: {host_port: $port, users: {me: {password: '$PASSWORD'}}}
stage_2:
  $(image_2)
YAML
    build
    up
    wait_for_ssh "$port"
    must host_keys "$port"
    [[ -n $output ]] || fail 'no host keys'
    equal '' "$(comm -12 <(sort <<<"$mine") <(sort <<<"$output"))" 'the host keys that both have'
    down --volumes
}

@test "two containers of one image, without volumes, have different host keys" {
    local a b
    a=$(free_port)
    start a --publish "127.0.0.1:$a:22" "$(image 2)"
    b=$(free_port)
    start b --publish "127.0.0.1:$b:22" "$(image 2)"
    wait_for_ssh "$a"
    wait_for_ssh "$b"
    equal '' "$(comm -12 <(host_keys "$a") <(host_keys "$b"))" 'the host keys that both have'
    discard a b
}

@test "the private host keys are root's alone" {
    must in_c -- find /pei-init/ssh-host-keys -name '*_key' \( ! -user root -o ! -perm 600 \)
    equal '' "$output"
    must in_c -- find /pei-init/ssh-host-keys -name '*_key'
    [[ -n $output ]] || fail 'there are none'
}

# ---- changes

@test "a changed password, and a changed key, reach the image with configure and build" {
    local before changed
    before=$(host_keys "$PORT")
    changed=$(sentinel)
    new_key "$WORK/typed-2" -t ed25519 -C ''
    mv "$WORK/typed-2" "$WORK/typed"
    write_config "$changed"
    build
    up
    wait_for_ssh "$PORT"
    must ssh_as me "$changed" "$PORT" true
    must_fail ssh_as me "$PASSWORD" "$PORT" true
    must ssh_as root "$ROOT_PASSWORD" "$PORT" true
    must in_c -- su ben -c 'ls ~/.ssh; ssh-keygen -y -f ~/.ssh/id_ed25519'
    has "$output" "$(ssh-keygen -y -f "$WORK/typed" | cut -d' ' -f 1,2)"
    lacks_line "$output" id_ecdsa
    equal "$before" "$(host_keys "$PORT")" 'the host keys of the rebuilt container'
}

@test "configuring again keeps every file as it is" {
    (cd "$PROJECT" && find . -type f -exec sha256sum {} + | sort) >"$BATS_TEST_TMPDIR/before"
    configure
    (cd "$PROJECT" && find . -type f -exec sha256sum {} + | sort) >"$BATS_TEST_TMPDIR/after"
    must diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}
