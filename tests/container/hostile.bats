#!/usr/bin/env bats
# Hostile text: it reaches the container byte for byte or is refused with a clear error, and nothing of it is executed.
#
# shellcheck disable=SC1003,SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

# Whoever executes a part of a text leaves the file /tmp/pwned, here or in a container.
PWN='$(touch /tmp/pwned)`touch /tmp/pwned`;touch$IFS/tmp/pwned;'

# Passwords have no space, comma, colon or newline.
PASSWORDS=(
    'it'\''s"both"'
    '$HOME$$1$(id)`id`'
    'back\slash\n\'
    'hash#100%&;|<>*?[a]~!'
    'grüße-你好-🐚'
    '$6$notahash$x'
    '-n--help=x'
    "${PWN// /\$IFS}"
)

ARGUMENTS=(
    '' ' ' '-' '--' '*' '~' '#x' "it's" 'say "hi"' 'a\b\' '$HOME' '$(touch /tmp/pwned)' '`touch /tmp/pwned`'
    '; touch /tmp/pwned' '&& touch /tmp/pwned' '| touch /tmp/pwned' '> /tmp/pwned' '%s %d %%' 'grüße 你好 🐚'
    $'tab\there' '!history' '{a,b}' '$$' '\$x' 'a  b'
)

# A directory beside the stages, and a key file: names that Dockerfiles and ignore files read as more than names.
BESIDE='it'\''s [a]*b\c "d" ^$HOME '
KEY_FILE='stage-1/custom/secret [key]*\^ '

# What a file of variables, a shell or YAML would read as more than a value.
TEXT=$'  it\'s "a" \\ $X $(touch /tmp/pwned) #\n- second: %s\t&&  grüße 你好 🐚 '

place() {
    PLACE=$WORK/'it'\''s a "place" $HOME #1 %s'
}

setup_file() {
    begin_file
    place
    PORT=$(free_port)
    export PORT
    rm -f /tmp/pwned
    mkdir -p "$PLACE"
    chmod 777 "$PLACE"
    new_key "$WORK/key" -t ed25519 -C "$PWN it's \"a\" comment #1 \\ 你好"
    cp "$WORK/key" "$PLACE/my 'key' \$1"

    project hostile
    probe 'stage-1/custom/we ird $(touch pwned) #1 '\''q'\'' "d" 你好.sh'
    probe stage-1/custom/probe.sh
    probe "$BESIDE/probe.sh"
    cp "$WORK/key" "$PROJECT/installation/$KEY_FILE"
    {
        printf 'stage_1:\n  %s\n  ssh:\n    host_port: %s\n    users:\n' "$(image_1)" "$PORT"
        local i
        for i in "${!PASSWORDS[@]}"; do
            printf '      user%d: {password: %s}\n' "$i" "$(yaml_text "${PASSWORDS[i]}")"
        done
        printf '      keyed: {pubkey_text: %s, privkey_file: %s}\n' \
            "$(yaml_text "$(<"$WORK/key.pub")")" "$(yaml_text "$PLACE/my 'key' \$1")"
        printf '      filed: {privkey_file: %s}\n' "$(yaml_text "$KEY_FILE")"
        # The script's word in double quotes, each special character after a backslash; the arguments in single quotes.
        printf '  custom:\n    on_build:\n      - %s\n      - %s\n' \
            "$(yaml_text '"stage-1/custom/we ird \$(touch pwned) #1 '\''q'\'' \"d\" 你好.sh" path')" \
            "$(yaml_text "stage-1/custom/probe.sh build $(quoted_arguments)")"
        printf '    on_first_run:\n      - %s\n' "$(yaml_text "stage-1/custom/probe.sh first $(quoted_arguments)")"
        printf '    on_user_login:\n      - %s\n' "$(yaml_text "stage-1/custom/probe.sh login $(quoted_arguments)")"
        printf 'stage_2:\n  %s\n  mount:\n' "$(image_2)"
        printf '    place: {type: host, host_path: %s, dst_path: %s}\n' \
            "$(yaml_text "$PLACE")" "$(yaml_text '/mnt/it'\''s a "place" $HOME #1 %s 你好')"
        printf '  environment:\n    - %s\n    - %s\n' "$(yaml_text "PWN=$PWN")" "$(yaml_text "TEXT=$TEXT")"
        # The space at the end of the entry belongs to its last argument.
        printf '  custom:\n    on_every_run:\n      - %s\n' \
            "$(yaml_text "$(single_quoted "$BESIDE/probe.sh") every $(quoted_arguments) \\ ")"
    } | config
    build
    up
    wait_for_ssh "$PORT"
}

teardown_file() {
    end_file
}

setup() {
    place
    project hostile
    C=$(container)
}

# Each argument in single quotes, as a person would type it.
quoted_arguments() {
    local argument
    for argument in "${ARGUMENTS[@]}"; do
        printf '%s ' "$(single_quoted "$argument")"
    done
}

single_quoted() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

@test "every password logs in as it was typed" {
    local i
    for i in "${!PASSWORDS[@]}"; do
        must ssh_as "user$i" "${PASSWORDS[i]}" "$PORT" id -un
        equal "user$i" "$output"
    done
}

@test "arguments of hooks arrive byte for byte" {
    probe_args_are "$C" build "${ARGUMENTS[@]}"
    probe_args_are "$C" first "${ARGUMENTS[@]}"
    probe_args_are "$C" every "${ARGUMENTS[@]}" ' '
    must in_c -- bash -lc true
    probe_args_are "$C" login "${ARGUMENTS[@]}"
}

@test "a script is found by its name, whatever that holds" {
    probe_args_are "$C" path
}

@test "a directory beside the stages is in the image under its own name" {
    must in_c -- test -x "/pei-from-host/$BESIDE/probe.sh"
}

@test "a key file stays out of the build, whatever its name holds" {
    must in_c -- su filed -c 'ssh-keygen -y -f ~/.ssh/id_ed25519'
    equal "$(cut -d' ' -f 1,2 "$WORK/key.pub")" "$(cut -d' ' -f 1,2 <<<"$output")"
    must in_c -- find /pei-from-host -name 'secret*'
    equal '' "$output"
}

@test "a host directory and its place in the container may have any name" {
    must in_c -- sh -c 'echo here >"$1/file"' sh '/mnt/it'\''s a "place" $HOME #1 %s 你好'
    equal here "$(<"$PLACE/file")"
}

@test "a public key's comment is only text" {
    must ssh_by_key keyed "$WORK/key" "$PORT" id -un
    must in_c -- cat /etc/ssh/pei-keys/keyed
    has_line "$output" "$(<"$WORK/key.pub")"
}

@test "a private key's path is only text" {
    must in_c -- su keyed -c 'ssh-keygen -y -f ~/.ssh/id_ed25519'
    equal "$(cut -d' ' -f 1,2 "$WORK/key.pub")" "$(cut -d' ' -f 1,2 <<<"$output")"
}

@test "a hostile environment value reaches processes and ssh sessions" {
    must in_c -- printenv PWN
    equal "$PWN" "$output"
    must ssh_as user0 "${PASSWORDS[0]}" "$PORT" printenv PWN
    equal "$PWN" "$output"
    must in_c -- printenv TEXT
    equal "$TEXT" "$output"
    must ssh_as user0 "${PASSWORDS[0]}" "$PORT" 'bash -c "printenv TEXT"'
    equal "$TEXT" "$output"
}

@test "a project's directory may have any name" {
    local folder="$WORK/it's \"a\" \$HOME #1 %s 你好"
    must "$PEI_BIN" create -p "$folder" -q minimal --no-examples
    printf 'stage_1:\n  %s\n  ssh: {users: {me: {password: x1}}}\nstage_2:\n  %s\n' "$(image_1)" "$(image_2)" \
        >"$folder/user_config.yml"
    must "$PEI_BIN" configure -p "$folder"
    cd "$folder"
    must docker compose --project-name "$ID-folder" config --quiet
    printf '%s\n' "$ID-folder" >>"$WORK/projects"
    must docker compose --project-name "$ID-folder" build stage-2
    must docker compose --project-name "$ID-folder" run --rm -T --no-deps stage-2 id -u me
    must docker compose --project-name "$ID-folder" down --timeout 0 --volumes
}

@test "nothing of all this was executed" {
    [[ ! -e /tmp/pwned ]] || fail 'a text was executed on this machine'
    must in_c -- sh -c 'ls -d /tmp/pwned /pwned pwned /pei-from-host/pwned /pei-from-host/stage-1/custom/pwned 2>/dev/null; true'
    equal '' "$output"
    must in_c -- find / -xdev -name 'pwned*' -not -path '/proc/*'
    equal '' "$output"
    must find "$PROJECT" "$WORK" -name 'pwned*'
    equal '' "$output"
}

# refused KEY_PATH TEXT: the config of $1 is refused, and the message names the key.
refused() {
    project refused
    printf '%s\n' "$2" >"$PROJECT/user_config.yml"
    rm -f "$PROJECT/docker-compose.yml"
    must_end_with 1 "$PEI_BIN" configure -p "$PROJECT"
    has "$output" user_config.yml:
    has "$output" "$1"
    [[ ! -e $PROJECT/docker-compose.yml ]] || fail 'files were written nevertheless'
}

@test "what cannot be carried is refused, and the key is named" {
    local text
    for text in 'a b' 'a:b' 'a,b' $'a\nb'; do
        refused stage_1.ssh.users.me.password \
            "stage_1: {image: {base: b, output: o}, ssh: {users: {me: {password: $(yaml_text "$text")}}}}"
    done
    for text in 'a b:c' '$(id)' "it's" 'a;b' $'a\nb'; do
        refused stage_1.image.output "stage_1: {image: {base: b, output: $(yaml_text "$text")}}"
        refused stage_1.image.base "stage_1: {image: {base: $(yaml_text "$text"), output: o}}"
    done
    for text in '../evil.sh' '/etc/evil.sh' 'stage-1/custom/"open.sh' ''; do
        refused stage_1.custom.on_build \
            "stage_1: {image: {base: b, output: o}, custom: {on_build: [$(yaml_text "$text")]}}"
    done
    for text in 'Root' 'a b' '$(id)' '-x' '../x' 'a:b'; do
        refused stage_1.ssh.users "stage_1: {image: {base: b, output: o}, ssh: {users: {$(yaml_text "$text"): {password: x}}}}"
    done
    for text in 'relative' $'/a\nb' '/a:b'; do
        refused stage_1.mount.m \
            "stage_1: {image: {base: b, output: o}, mount: {m: {type: auto-volume, dst_path: $(yaml_text "$text")}}}"
    done
    refused stage_1.environment "stage_1: {image: {base: b, output: o}, environment: [$(yaml_text 'A B=c')]}"
    refused stage_1.ports "stage_1: {image: {base: b, output: o}, ports: [$(yaml_text '80:80; id')]}"
}
