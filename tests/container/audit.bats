#!/usr/bin/env bats
# What somebody can find in the images of every example and quick template: each is built with secrets that
# stand nowhere else, and then searched. Steps that fetch something are left out; the builds have no network.
#
# docs/security.md names the promises that are held here.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    # It has what every build installs, so that only what pei does takes time.
    derive_full full
    LOCAL=$ID-full
    PORT=2222
    # Two passwords and a key are secret. What `environment` says is not, but it is no business of an image.
    PASSWORD=$(sentinel)
    ROOT_PASSWORD=$(sentinel)
    export LOCAL PORT PASSWORD ROOT_PASSWORD AUDIT_TOKEN AUDIT_VALUE INDEX_TOKEN SSH_AUTH_SOCK=$WORK/agent
    INDEX_TOKEN=$(sentinel)
    eval "$(ssh-agent -a "$SSH_AUTH_SOCK")" >/dev/null
    export SSH_AGENT_PID
    AUDIT_TOKEN=$(sentinel)
    AUDIT_VALUE=$(sentinel)
    new_key "$WORK/key" -t ed25519 -C ''
    mkdir -p "$WORK/home/.ssh"
    cp "$WORK/key.pub" "$WORK/home/.ssh/id_ed25519.pub"
    {
        forms_of "$PASSWORD"
        forms_of "$ROOT_PASSWORD"
        forms_of "$(sed -n 3p "$WORK/key")"
        forms_of "$INDEX_TOKEN"
    } >"$WORK/secrets"
    { forms_of "$AUDIT_TOKEN" && forms_of "$AUDIT_VALUE"; } >"$WORK/values"

    use_attesting_engine "$LOCAL"
    local attest=(--provenance mode=max)
    [[ -z $NO_ATTESTATIONS ]] || attest=()
    make_projects
    for PROJECT in $(projects); do
        bake -f "$WORK/offline/${PROJECT##*/}.yml" "${attest[@]}"
    done
    local images
    mapfile -t images < <(docker image ls --filter "reference=$ID-*" --format '{{.Repository}}:{{.Tag}}' | grep -v "^$LOCAL:")
    open_images "$WORK/opened" "$LOCAL" "${images[@]}"
    printf '%s\n' "${images[@]}" >"$WORK/names"
    start_containers
}

teardown_file() {
    ssh-agent -k >/dev/null || true
    leave_attesting_engine
    end_file
}

# The directories of the projects that are searched.
projects() {
    cat "$WORK/searched"
}

# A project of every example and every quick template.
make_projects() {
    local file name secrets environment
    # Whoever has a password has this one; one account more has a private key.
    secrets=(-e "s#^( *)(password: ).*#\1\2$PASSWORD#" -e "/^ *root:/,/password/s#^( *password: ).*#\1$ROOT_PASSWORD#"
        -e "s#^( *)users:.*#&\n\1  audit: {privkey_file: $WORK/key}#"
        # Scripts that fetch.
        -e '/^ *- .stage-[12]\/[^ ]*\/(install|setup|init|create)-[^ ]*/d' -e "s#'stages/python/install.sh'##")
    export HOME=$WORK/home BASE=$LOCAL BASE_IMAGE=$LOCAL
    for file in "$REPO"/examples/*/*/user_config.yml "$REPO"/templates/config/quick/*.yml; do
        environment=(-e "s#^stage_1:.*#&\n  environment: [AUDIT_TOKEN, AUDIT_VALUE=$AUDIT_VALUE]#")
        # It has variables of its own there.
        ! sed '/^stage_2:/,$d' "$file" | grep -q '^  environment:' ||
            environment=(-e "/^stage_1:/,/^stage_2:/s#^  environment:.*#&\n    AUDIT_TOKEN:\n    AUDIT_VALUE: $AUDIT_VALUE#")
        case $file in
            "$REPO"/examples/*)
                name=${file#"$REPO/examples/"}
                example "${name%/user_config.yml}" "${secrets[@]}" "${environment[@]}"
                ;;
            *) quick "$(basename "$file" .yml)" "${secrets[@]}" "${environment[@]}" ;;
        esac
        printf '%s\n' "$PROJECT" >>"$WORK/searched"
        offline
    done
}

# No step of the project's build has a network.
offline() {
    mkdir -p "$WORK/offline"
    { echo services: && built_services | sed 's/.*/  &: {build: {network: none}}/'; } \
        >"$WORK/offline/${PROJECT##*/}.yml"
}

# A container of each project's last image, and what is seen in it. Those whose config has an entry of its own end by
# themselves.
start_containers() {
    local name image
    mkdir -p "$WORK/seen"
    for PROJECT in $(projects); do
        image=$(compose config --images "$(services | tail -n 1)")
        docker run --detach --pull never --label "pei-test=$ID" --name "${PROJECT##*/}" --network none "$image" >/dev/null
    done
    for PROJECT in $(projects); do
        name=${PROJECT##*/}
        wait_for_start "$name"
        docker inspect "$name" >"$WORK/seen/$name.inspect"
        ! is_exited "$name" || continue
        # Processes come and go. A sshd that was not set up has nothing to say about itself.
        docker exec "$name" sh -c 'cat /proc/[0-9]*/comm /proc/[0-9]*/environ /proc/[0-9]*/cmdline
            ls /etc/ssh/sshd_config.d /etc/ssh/pei
            /usr/sbin/sshd -T
            true' 2>/dev/null | tr '\0' '\n' >"$WORK/seen/$name.inside"
    done
}

# Each service that is built, those of further stages too.
built_services() {
    awk '/^  [^ ].*:$/ { name = $1 } /^    build:/ { print name }' "$PROJECT/docker-compose.yml" | tr -d ':"'
}

# The project's services, stage-2 last.
services() {
    grep -oE '^  stage-[12]:$' "$PROJECT/docker-compose.yml" | tr -d ' :'
}

# written REGEX: the project's config has such a line.
written() {
    grep -qE "$1" "$PROJECT/user_config.yml"
}

# none_in WHAT PATH...: no secret.
none_in() {
    local what=$1
    shift
    equal '' "$(traces_of "$WORK/secrets" "$@")" "the files of $what that hold a secret"
}

# no_identities: stdin without the files that hold a user's own private key.
no_identities() {
    grep -vE '/(root|home/[a-z0-9_-]+)/\.ssh/id_[a-z0-9]+$' || true
}

@test "the search finds a secret in each of its forms" {
    local form planted=$BATS_TEST_TMPDIR/planted
    mkdir "$planted"
    while IFS= read -r form; do
        printf '\0xy%szz\n' "$form" >"$planted/file"
        must_fail none_in 'the plant' "$planted"
    done <"$WORK/secrets"
    printf 'xy%szz' "$PASSWORD" | base64 >"$planted/file"
    must_fail none_in 'the plant' "$planted"
    printf '%s' "$PASSWORD" | gzip >"$planted/file"
    must none_in 'the plant' "$planted"
    __decompress "$planted"
    must_fail none_in 'the plant' "$planted"
    # The builds were given them.
    must_fail none_in 'the projects' "$WORK/$ID-minimal-ssh/user_config.yml"
}

@test "every example and every quick template is searched" {
    equal "$(find "$REPO/examples" "$REPO/templates/config/quick" -name '*.yml' ! -name compose.yml | wc -l)" "$(projects | wc -l)"
    # One of them has one stage.
    equal $(($(projects | wc -l) * 2 - 1)) "$(wc -l <"$WORK/names")" 'the number of images'
}

@test "no password, and no private key but a user's own, is in any layer" {
    local found
    found=$(traces_of "$WORK/secrets" "$WORK/opened/layers")
    equal '' "$(no_identities <<<"$found")" 'the files that hold a secret'
    # It was worth looking.
    has "$found" /home/audit/.ssh/id_ed25519
}

@test "no private key of anybody else's is in any layer" {
    local found
    found=$(grep -rlaE -e '-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----|^PuTTY-User-Key-File' "$WORK/opened/layers")
    equal '' "$(no_identities <<<"$found")" 'the files that hold a private key'
}

@test "a password's hash is in /etc/shadow alone, which others may not read" {
    must grep -rlaE -e '\$(6|5|y|2[aby])\$' "$WORK/opened/layers"
    equal '' "$(grep -vE '/etc/shadow$' <<<"$output" || true)" 'the files that hold a hash'
    must grep -E ' etc/g?shadow$' "$WORK/opened/modes"
    equal '' "$(grep -v '^-rw-r----- ' <<<"$output" || true)" 'the modes of shadow'
}

@test "no secret, and no password's hash, is in the settings or the history of an image" {
    none_in 'the images' "$WORK/opened/texts"
    must_fail grep -rlF '$6$' "$WORK/opened/texts"
    # History is among it.
    must grep -rlF set-credentials.sh "$WORK/opened/texts"
}

@test "no secret is in what a build attests" {
    [[ -z $NO_ATTESTATIONS ]] || cannot_be_tested "$NO_ATTESTATIONS"
    local attestations
    # With the whole Dockerfile and every argument.
    mapfile -t attestations < <(grep -rlE '"predicateType":"https://slsa.dev/provenance/.*"llbDefinition"' "$WORK/opened/texts")
    ((${#attestations[@]} == $(wc -l <"$WORK/names"))) || fail "${#attestations[@]} attestations of $(wc -l <"$WORK/names") images"
    none_in 'the attestations' "${attestations[@]}"
    must_fail grep -lF '$6$' "${attestations[@]}"
}

@test "no secret, and no password's hash, is in what a build prints" {
    must grep -lF set-credentials.sh "$WORK"/*.log
    none_in 'the output' "$WORK"/*.log
    must_fail grep -lF '$6$' "$WORK"/*.log
}

@test "what environment says is in no image, and what it only names in no file of a project" {
    equal '' "$(traces_of "$WORK/values" "$WORK/opened/layers" "$WORK/opened/texts" "$WORK"/*.log)" 'the files that hold a value'
    local folders
    mapfile -t folders < <(projects)
    must_fail grep -rlF "$AUDIT_TOKEN" "${folders[@]}"
    must grep -rlF "$AUDIT_VALUE" "${folders[@]}"
}

@test "no secret is in a process of a container or in its settings" {
    none_in 'the containers' "$WORK/seen"
    must grep -lF PEI_DOCKER_DIR= "$WORK"/seen/*.inside
    count_is $(($(projects | wc -l) - 1)) "$output" .
}

@test "nothing is world-writable or setuid but what is meant to be" {
    # Storage within the image, and the place for mounts: any user of the container may keep files there.
    local meant='^drwxrwxrwt (hard/image/(app|data|workspace)|mnt)/$'
    # Links have no mode of their own; w with the sticky bit (t) is what /tmp has.
    must_fail grep -E '^([^l].{7}w[^tT]|-..[sS]|.{6}[sS])' <(grep -vE "$meant" "$WORK/opened/modes")
    equal '' "$output"
    must grep -E "$meant" "$WORK/opened/modes"
}

@test "without the section ssh there is no sshd" {
    local name
    for PROJECT in $(projects); do
        name=${PROJECT##*/}
        [[ -e $WORK/seen/$name.inside ]] || continue
        must cat "$WORK/seen/$name.inside"
        if written '^  ssh:'; then
            has_line "$output" sshd
        else
            lacks_line "$output" sshd
            lacks_line "$output" settings.conf
        fi
    done
}

@test "root logs in by ssh only where it is a user of the config" {
    local wanted
    for PROJECT in $(with_ssh); do
        wanted=no
        ! written '^ +root:' || wanted=yes
        has_line "$(<"$WORK/seen/${PROJECT##*/}.inside")" "permitrootlogin $wanted" || fail "${PROJECT##*/}"
    done
}

@test "passwords log in by ssh only where a user of the config has one, and empty ones nowhere" {
    local wanted
    for PROJECT in $(with_ssh); do
        wanted=no
        ! written '^ +password:' || wanted=yes
        has_line "$(<"$WORK/seen/${PROJECT##*/}.inside")" "passwordauthentication $wanted" || fail "${PROJECT##*/}"
        has_line "$(<"$WORK/seen/${PROJECT##*/}.inside")" 'permitemptypasswords no'
        has_line "$(<"$WORK/seen/${PROJECT##*/}.inside")" 'kbdinteractiveauthentication no'
    done
}

# The projects with the section ssh: some with passwords, some with root, some with keys alone.
with_ssh() {
    for PROJECT in $(projects); do
        ! written '^  ssh:' || printf '%s\n' "$PROJECT"
    done
}

@test "a port that the config binds to this machine's own address is bound to it" {
    local count all=0
    for PROJECT in $(projects); do
        count=$(grep -cE "^ *(- |ports: \\[)'?127\.0\.0\.1:" "$PROJECT/user_config.yml" || true)
        must compose config "$(services | tail -n 1)"
        count_is "$count" "$output" 'host_ip: 127\.0\.0\.1$'
        # No other address is made up.
        count_is "$count" "$output" host_ip:
        all=$((all + count))
    done
    ((all > 10)) || fail "only $all ports"
}

@test "the build context is installation/ without keys, .git and copies, what a step mounts of .pei, and nothing else" {
    local rules file
    mapfile -t rules < <(for PROJECT in $(projects); do sha256sum "$PROJECT/.dockerignore"; done | sort -u -k 1,1 | cut -c 67-)
    printf 'FROM scratch\nCOPY . /\n' >"$BATS_TEST_TMPDIR/Dockerfile"
    for file in "${rules[@]}"; do
        PROJECT=${file%/.dockerignore}
        mkdir "$PROJECT/.git" "$PROJECT/installation/stage-1/custom/.git"
        cp "$WORK/key" "$PROJECT/id_ed25519"
        [[ ! -d $PROJECT/.pei/secrets ]] ||
            printf '%s\n' "$PASSWORD" | tee "$PROJECT/.pei/secrets/ssh-credentials.tmp" >"$PROJECT/.pei/secrets/README.md.bak"
        printf '%s\n' "$PASSWORD" | tee "$PROJECT/.env" "$PROJECT/.git/x" "$PROJECT/installation/stage-1/custom/.git/x" \
            "$PROJECT/installation/stage-1/custom/config.bak" >"$PROJECT/user_config.yml.bak"
        must docker build --quiet --output "type=local,dest=$BATS_TEST_TMPDIR/context" \
            --file "$BATS_TEST_TMPDIR/Dockerfile" "$PROJECT"
        if [[ -d $PROJECT/.pei/secrets ]]; then
            equal $'.pei\ninstallation' "$(ls -A "$BATS_TEST_TMPDIR/context")" 'the context'
            equal $'secrets\nsecrets/README.md\nsecrets/ssh-credentials' \
                "$(cd "$BATS_TEST_TMPDIR/context/.pei" && find . -mindepth 1 | cut -c 3- | sort)" 'what it holds of .pei'
            # It has the key of a user: that is what the step mounts.
            rm "$BATS_TEST_TMPDIR/context/.pei/secrets/ssh-credentials"
        else
            equal installation "$(ls -A "$BATS_TEST_TMPDIR/context")" 'the context'
        fi
        none_in 'the context' "$BATS_TEST_TMPDIR/context"
        must test -s "$BATS_TEST_TMPDIR/context/installation/stage-1/internals/entrypoint.sh"
        rm -r "$BATS_TEST_TMPDIR/context"
    done
}

# ---- a real start, on the machine's own engine

# greets ADDRESS PORT: sshd answers there.
greets() {
    local greeting
    { read -r -t 5 greeting <&3; } 3<>"/dev/tcp/$1/$2" && [[ $greeting == SSH-2.0* ]]
}

@test "keys alone: no password logs in, and a port on 127.0.0.1 is reached from there alone" {
    unset DOCKER_HOST
    local own open other
    own=$(free_port) open=$(free_port)
    project doors
    config <<YAML
stage_1:
  $(image_1 "$LOCAL")
  ssh:
    users:
      me: {pubkey_file: $WORK/key.pub, privkey_file: $WORK/key}
      root: {pubkey_file: $WORK/key.pub}
  ports: ['127.0.0.1:$own:22', '$open:22']
  environment: [AUDIT_TOKEN]
YAML
    build stage-1
    up stage-1
    wait_for_ssh "$own"
    # An address that the machine has besides, as any neighbour would use it.
    other=$(docker network inspect --format '{{(index .IPAM.Config 0).Gateway}}' "${PROJECT##*/}_default")
    must greets "$other" "$open"
    must_fail greets "$other" "$own"

    must ssh_by_key me "$WORK/key" "$own" true
    must ssh_by_key root "$WORK/key" "$own" true
    must in_c "$(container stage-1)" -- /usr/sbin/sshd -T
    has_line "$output" 'permitrootlogin without-password'
    has_line "$output" 'passwordauthentication no'
    # Also not for an account that gets one by other means.
    must in_c "$(container stage-1)" -- sh -c "printf '%s\n' 'me:$PASSWORD' 'root:$PASSWORD' | chpasswd"
    must_fail ssh_as me "$PASSWORD" "$own" true
    must_fail ssh_as root "$PASSWORD" "$own" true
    # What `environment` says is in the container's settings, as docs/security.md warns.
    has "$(docker inspect "$(container stage-1)")" "$AUDIT_TOKEN"
    down --volumes
}
