#!/usr/bin/env bats
# A project that people share: two made from one template on one machine, and a colleague who works in a clone.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

# The ids of two people, which are neither the machine's nor the image's.
readonly ANN=4001 BEN=4002

setup_file() {
    begin_file
    derive_full full
    PASSWORD=$(sentinel)
    HASH=$("$PEI_BIN" hash-password <<<"$PASSWORD")
    export PASSWORD HASH
    # A directory that other users can reach; only root can enter the test's own.
    PEOPLE=$(mktemp -d)
    export PEOPLE
    chmod 711 "$PEOPLE"
    new_key "$PEOPLE/mine" -t ed25519 -C ''
    install -m 755 "$PEI_BIN" "$PEOPLE/pei"
    project team
    hook stage-1/custom/one.sh <<<'echo one >/etc/pei-test-one'
    hook stage-2/custom/two.sh <<<'echo two >/etc/pei-test-two'
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  ssh:
    users:
      me: {password_hash: '$HASH', uid: host, gid: host}
  ports: ['127.0.0.1:{{SSH_PORT:-2222}}:22']
  custom: {on_build: [stage-1/custom/one.sh]}
stage_2:
  $(image_2)
  mount: {team: {type: host, host_path: ./team, dst_path: /srv/team}}
  custom: {on_build: [stage-2/custom/two.sh]}
YAML
    # Made on the host by Compose it would be root's.
    mkdir "$PROJECT/team"
    printf '%s\n' '*' '!.gitignore' >"$PROJECT/team/.gitignore"
    in_git init --quiet
    commit 'The project'
}

teardown_file() {
    end_file
    [[ -z ${PEOPLE:-} ]] || rm -rf -- "$PEOPLE"
}

in_git() {
    git -c safe.directory='*' -c user.name=me -c user.email=me@example.org -C "$PROJECT" "$@"
}

commit() {
    must in_git add --all
    must in_git commit --quiet --message "$1"
}

# clone_for UID: a clone of the team's project in a directory of the same name is the one that the other functions work on.
clone_for() {
    local folder=$PEOPLE/$1/$ID-team
    mkdir -p "${folder%/*}"
    [[ -d $folder ]] || must git clone --quiet "$WORK/$ID-team" "$folder"
    chown -R "$1:$1" "${folder%/*}"
    OWNER=$1 PROJECT=$folder
}

# pei of who owns the clone.
configure_as_owner() {
    must setpriv --reuid "$OWNER" --regid "$OWNER" --clear-groups env HOME="${PROJECT%/*}" "$PEOPLE/pei" configure -p "$PROJECT"
}

# nothing_to_commit: git sees nothing of what a person has of his own, and a check is content.
nothing_to_commit() {
    equal '' "$(in_git status --porcelain)" 'what git sees'
    must "$PEI_BIN" configure -p "$PROJECT" --check --deny-warnings
}

@test "a clone that was not configured ends its build with words that name pei configure" {
    clone_for "$ANN"
    [[ ! -e $PROJECT/.pei/secrets/ssh-credentials ]] || fail 'the clone has the secrets'
    nothing_to_commit
    build_fails stage-2
    has "$(<"$PROJECT.log")" 'there is no .pei/ids/host: this clone was not configured yet; run `pei configure`, then build again'
    # The same of what the image's last steps ask for.
    printf 'uid %s\ngid %s\n' "$ANN" "$ANN" >"$PROJECT/.pei/ids/host"
    build_fails stage-2
    has "$(<"$PROJECT.log")" \
        'there is no .pei/secrets/ssh-credentials: this clone was not configured yet; run `pei configure`, then build again'
    # An image without a login would be no use either.
    for text in '' "authorized_key me ssh-ed25519 AAAA"; do
        printf '%s' "$text" >"$PROJECT/.pei/secrets/ssh-credentials"
        build_fails stage-2
        has "$(<"$PROJECT.log")" '.pei/secrets/ssh-credentials is incomplete: run `pei configure`, then build again'
    done
}

@test "a colleague's first ten minutes: his own key, a build and a login; then what others changed" {
    local port
    port=$(free_port)
    clone_for "$ANN"
    printf 'stage_1: {ssh: {users: {me: {password_hash: null, pubkey_file: %s}}}}\n' "$PEOPLE/mine.pub" >"$PROJECT/user_config.local.yml"
    printf 'SSH_PORT=%s\n' "$port" >"$PROJECT/.env"
    configure_as_owner
    nothing_to_commit
    build stage-2
    up
    wait_for_ssh "$port"
    must ssh_by_key me "$PEOPLE/mine" "$port" 'touch /srv/team/ann; stat -c %u:%g ~'
    equal "$ANN:$ANN" "$output" 'whose the home is'
    must_fail ssh_as me "$PASSWORD" "$port" true
    equal "$ANN:$ANN" "$(stat -c %u:%g "$PROJECT/team/ann")" 'whose the file is'

    # The others change a hook.
    project team
    hook stage-2/custom/two.sh <<<'echo two and more >/etc/pei-test-two'
    configure
    commit 'More of two'
    clone_for "$ANN"
    must in_git pull --quiet
    nothing_to_commit
    configure_as_owner
    nothing_to_commit
    build stage-2
    only_ran "$PROJECT.log" 'stage-2: stage-2/custom/two.sh' 'stage-2: copy stage-1' 'stage-2: copy stage-2' \
        'stage-2: finish-image' 'stage-2: set-credentials'
    up
    wait_for_ssh "$port"
    must ssh_by_key me "$PEOPLE/mine" "$port" cat /etc/pei-test-two
    equal 'two and more' "$output"
}

@test "without a local file the committed hash logs in, and its image differs by one step" {
    local port
    port=$(free_port)
    clone_for "$ANN"
    rm -f "$PROJECT/user_config.local.yml"
    printf 'SSH_PORT=%s\n' "$port" >"$PROJECT/.env"
    configure_as_owner
    nothing_to_commit
    build stage-2
    only_ran "$PROJECT.log" 'stage-2: set-credentials'
    up
    wait_for_ssh "$port"
    must ssh_as me "$PASSWORD" "$port" true
    must_fail ssh_by_key me "$PEOPLE/mine" "$port" true
    down --volumes
}

@test "uid: host of two people: each owns what the container makes, and git sees no difference" {
    local uid
    for uid in "$BEN" "$ANN"; do
        clone_for "$uid"
        configure_as_owner
        nothing_to_commit
        build stage-2
        must compose run --rm --no-TTY --entrypoint /bin/su stage-2 me -c "touch /srv/team/of-$uid; id -u; id -g"
        has "$output" "$uid"$'\n'"$uid"
        equal "$uid:$uid" "$(stat -c %u:%g "$PROJECT/team/of-$uid")" 'whose the file is'
        compose down --volumes --timeout 0
    done
    local one=$PEOPLE/$ANN/$ID-team two=$PEOPLE/$BEN/$ID-team
    must diff -r --exclude .git --exclude .pei --exclude team --exclude .env "$one" "$two"
    must_fail diff "$one/.pei/ids/host" "$two/.pei/ids/host"
}

@test "two projects of one template, in directories of one name: side by side, and one goes without the other" {
    local who port passwords=() ports=() names=() keys=()
    for who in 0 1; do
        PROJECT=$WORK/neighbour-$who/$ID-build
        mkdir -p "${PROJECT%/*}"
        passwords+=("$(sentinel)")
        must "$PEI_BIN" create -p "$PROJECT" -q minimal --no-examples
        port=$(sed -nE 's/^ *host_port: *([0-9]+).*/\1/p' "$PROJECT/user_config.yml")
        ports+=("$port")
        sed -i -E -e "s|^( *base: ).*|\1$ID-full|" -e "s|^( *password: ).*|\1${passwords[who]}|" "$PROJECT/user_config.yml"
        configure
        names+=("$(sed -nE 's/^name: "?([^"]*)"?$/\1/p' "$PROJECT/docker-compose.yml")")
        printf '%s\n' "${names[who]}" >>"$WORK/projects"
        __logged "$PROJECT.log" compose build stage-2
        up
        wait_for_ssh "$port"
        keys+=("$(host_keys "$port")")
    done
    [[ ${names[0]} != "${names[1]}" && ${ports[0]} != "${ports[1]}" ]] || fail "${names[*]} ${ports[*]}"
    for who in 0 1; do
        must ssh_as me "${passwords[who]}" "${ports[who]}" true
        must_fail ssh_as me "${passwords[1 - who]}" "${ports[who]}" true
    done
    equal '' "$(comm -12 <(sort <<<"${keys[0]}") <(sort <<<"${keys[1]}"))" 'the host keys that both have'

    must "$PEI_BIN" remove -p "$WORK/neighbour-0/$ID-build" --yes
    must_fail docker image inspect "${names[0]}:stage-2"
    must docker image inspect "${names[1]}:stage-2"
    must ssh_as me "${passwords[1]}" "${ports[1]}" true
    equal "${keys[1]}" "$(host_keys "${ports[1]}")" 'the host keys of the other'
    down --volumes
}
