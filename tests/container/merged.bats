#!/usr/bin/env bats
# The merged build: without Compose, but with the same login, hooks, links and environment.
#
# shellcheck disable=SC1003,SC2016,SC2030,SC2031,SC2089,SC2090 # texts for other shells; bats runs each test in a subshell

load support/load
load support/merged

PASSWORD=merged-Pw1

NAMES=() VALUES=()
value() {
    NAMES+=("$1")
    VALUES+=("$2")
}

value PLAIN plain
value EMPTY ''
value BLANKS '  two  blanks  '
value TAB $'a\tb'
value SINGLE "it's 'quoted'"
value DOUBLE 'say "hello"'
value LONE_QUOTE '"'
value HASH 'a #b # c'
value DOLLAR 'a $HOME $$ $(id) $x'
value BACKTICK '`id`'
value BACKSLASH 'C:\dir\new\'
value STAR '*'
value BRACES '{a,b} [x] ~ !'
value PUNCTUATION ';&|<>()^%'
value UNICODE 'grüße 你好 🐚'
value NEWLINE $'first\nsecond line\n\nlast'

setup_file() {
    begin_file
    PORT=$(free_port)
    WEB=$(free_port)
    printf -v ODD_FOLDER '%s/%s' "$WORK" "it's \"here\" too"
    export PORT WEB ODD_FOLDER
    mkdir -p "$ODD_FOLDER"
    echo odd >"$ODD_FOLDER/file"
    must docker volume create "$ID-models"
    project merged
    mkdir -p "$PROJECT/host folder"
    chmod 777 "$PROJECT/host folder"
    local stage
    for stage in 1 2; do
        probe "stage-$stage/custom/probe.sh"
        hook "stage-$stage/custom/login.sh" <<<"export LOGIN_SEEN=\"\${LOGIN_SEEN-}stage-$stage \""
    done
    write_config "$PASSWORD"
    build stage-2
    MERGED=$ID-merged-image
    export MERGED
    merged_build -o "$MERGED"
    cp "$PROJECT.log" "$WORK/merged.log"
    cp "$PROJECT/merged.env" "$WORK/merged.env"
}

teardown_file() {
    forget_podman
    end_file
}

# write_config PASSWORD
write_config() {
    local i
    config --with-merged <<YAML
stage_1:
  $(image_1)
  ssh: {host_port: $PORT, users: {me: {password: $1}}}
  environment: ['OVER=from stage 1', 'ONLY_1=stage 1', FROM_CALLER]
  custom:
    on_build: ['stage-1/custom/probe.sh build-1']
    on_first_run: ['stage-1/custom/probe.sh first-1 "two  blanks"']
    on_every_run: ['stage-1/custom/probe.sh every-1']
    on_user_login: ['stage-1/custom/login.sh']
stage_2:
  $(image_2)
  environment:
    OVER: from stage 2
$(for i in "${!NAMES[@]}"; do printf '    %s: %s\n' "${NAMES[i]}" "$(yaml_text "${VALUES[i]}")"; done)
  ports: ['127.0.0.1:$WEB:8080']
  storage:
    app: {type: auto-volume}
    data: {type: image}
    workspace: {type: host, host_path: './host folder'}
  mount:
    models: {type: manual-volume, volume_name: $ID-models, dst_path: /models}
    odd: {type: host, host_path: $(yaml_text "$ODD_FOLDER"), dst_path: '/an odd "place"'}
  custom:
    on_build: ['stage-2/custom/probe.sh build-2']
    on_first_run: ['stage-2/custom/probe.sh first-2']
    on_every_run: ['stage-2/custom/probe.sh every-2 "\$SINGLE"']
    on_user_login: ['stage-2/custom/login.sh']
YAML
}

setup() {
    project merged
    C=$ID-merged
    cp "$WORK/merged.env" "$PROJECT/merged.env"
    set_value STAGE2_IMAGE_NAME "$MERGED"
}

teardown() {
    # docker's alone: what podman has started is removed where it is started.
    remove_containers
}

# runs_in_foreground ARG...: a command through run-merged.sh; its own output is in $output.
runs_in_foreground() {
    must merged_run "$@" </dev/null
    output=$(without_branch <<<"$output")
}

# ---- the files

@test "configure --with-merged writes the four files, and without it none is missed or touched" {
    local name before
    for name in build-merged.sh run-merged.sh; do
        [[ -x $PROJECT/$name ]] || fail "$name cannot be run"
    done
    for name in merged.Dockerfile merged.env; do
        [[ -f $PROJECT/$name ]] || fail "$name is missing"
    done
    cp "$WORK/merged.env" "$PROJECT/merged.env"
    before=$(cd "$PROJECT" && stat -c '%n %Y %s' ./*merged*)
    configure
    configure --with-merged
    equal "$before" "$(cd "$PROJECT" && stat -c '%n %Y %s' ./*merged*)" 'what stands on disk'
}

@test "merged.env can be sourced by any shell, and does nothing but set what it names" {
    local shell names
    cp "$WORK/merged.env" "$PROJECT/merged.env"
    names=$(sed -nE 's/^([A-Z0-9_]+)=.*/\1/p' "$PROJECT/merged.env" | sort)
    has_line "$names" BASE_IMAGE_1
    has_line "$names" RUN_ENV_VARS
    cd "$PROJECT"
    find . | sort >"$BATS_TEST_TMPDIR/before"
    for shell in 'bash -euo pipefail' 'bash --posix -eu' 'sh -eu'; do
        # shellcheck disable=SC2086 # a command and its options
        must env -i PATH=/usr/bin:/bin $shell -c '. ./merged.env && printf "[%s]" "$STAGE2_IMAGE_NAME"'
        equal "[$(image 2)]" "$output" "what $shell has read"
    done
    find . | sort | diff "$BATS_TEST_TMPDIR/before" - || fail 'sourcing has made files'
    must env -i PATH=/usr/bin:/bin bash -c 'before=$(compgen -v); . ./merged.env; comm -13 <(sort <<<"$before") <(compgen -v | sort)'
    equal "$names" "$(grep -vxE 'before|_|PIPESTATUS|BASH_.*' <<<"$output")" 'the variables that sourcing sets'
}

@test "merged.env says of every value what it is for" {
    awk '
        /^[A-Z0-9_]+=/ && before !~ /^# / { print "not said: " $0; bad = 1 }
        # A value may span lines; only its first one is a KEY=.
        { before = $0 }
        END { exit bad }
    ' "$WORK/merged.env" || fail 'values without a comment'
    local key
    for key in BASE_IMAGE_1 BASE_IMAGE WITH_SSH SSH_USER_NAME SSH_USER_UID SSH_USER_GID SSH_CONTAINER_PORT APT_SOURCE_FILE \
        STAGE2_IMAGE_NAME RUN_CONTAINER_NAME RUN_DETACH RUN_REMOVE RUN_TTY RUN_GPU RUN_DEVICE_TYPE RUN_PORTS RUN_VOLUMES \
        RUN_EXTRA_HOSTS RUN_NETWORK RUN_ENV_ENABLE RUN_ENV_VARS RUN_EXTRA_ARGS; do
        grep -q "^$key=" "$WORK/merged.env" || fail "merged.env lacks $key"
    done
}

@test "no secret in the four files, in the build's output or in the image's history" {
    local file
    docker history --no-trunc --format '{{json .}}' "$MERGED" >"$BATS_TEST_TMPDIR/history"
    docker image inspect "$MERGED" >"$BATS_TEST_TMPDIR/inspect"
    for file in "$PROJECT"/*merged* "$WORK/merged.log" "$BATS_TEST_TMPDIR"/{history,inspect}; do
        [[ -s $file ]] || fail "$file is empty"
        must_fail grep -F -e "$PASSWORD" -e '$6$' "$file"
    done
    # What the search looks for is there to be found.
    must grep -F '$6$' -r "$PROJECT/.pei/secrets"
}

@test "another password changes none of the four files" {
    local before
    # Other tests edit merged.env.
    write_config "$PASSWORD"
    before=$(cat "$PROJECT"/*merged*)
    write_config other-Pw3
    equal "$before" "$(cat "$PROJECT"/*merged*)" 'the four files'
    write_config "$PASSWORD"
}

# ---- build-merged.sh

@test "build-merged.sh -h tells of its options, and needs no engine" {
    must env CONTAINER_ENGINE=/no/such/engine "$PROJECT/build-merged.sh" -h
    in_order "$output" Usage -o --output-image -h --help CONTAINER_ENGINE
    equal "$output" "$("$PROJECT/build-merged.sh" --help)"
}

@test "build-merged.sh names the image as the config does, or as -o says" {
    local form
    cp "$WORK/merged.env" "$PROJECT/merged.env"
    must docker image rm --force "$(image 2)"
    merged_build
    must docker image inspect "$(image 2)"
    must docker image rm --force "$(image 2)"
    for form in "-o $ID-short" "--output-image $ID-long:1" "--output-image=$ID-joined:2"; do
        # shellcheck disable=SC2086 # an option and its value
        merged_build $form
        must docker image inspect "${form##*[ =]}"
    done
    must_fail docker image inspect "$(image 2)"
}

@test "an unknown option, and all after --, goes to the engine's build" {
    merged_build -o "$ID-labels" --label "one=two  blanks" -- --label 'three="4"' --iidfile "$BATS_TEST_TMPDIR/id"
    must docker image inspect --format '{{.Config.Labels.one}}|{{.Config.Labels.three}}|{{.Id}}' "$ID-labels"
    equal "two  blanks|\"4\"|$(<"$BATS_TEST_TMPDIR/id")" "$output"
    must_fail merged_build --no-such-option
}

@test "a value of merged.env that was edited, and --build-arg over it, reach the image" {
    set_value PEI_HTTP_PROXY_2 'http://edited:1'
    merged_build -o "$ID-edited"
    must docker image inspect --format '{{json .Config.Env}}' "$ID-edited"
    has "$output" '"PEI_HTTP_PROXY_2=http://edited:1"'
    merged_build -o "$ID-argument" --build-arg PEI_HTTP_PROXY_2=http://argument:2
    must docker image inspect --format '{{json .Config.Env}}' "$ID-argument"
    has "$output" '"PEI_HTTP_PROXY_2=http://argument:2"'
}

@test "what is wrong with a call of build-merged.sh is its exit status" {
    must_end_with 2 "$PROJECT/build-merged.sh" -o
    has "$output" '-o'
    must_end_with 3 env CONTAINER_ENGINE=/no/such/engine "$PROJECT/build-merged.sh"
    has "$output" /no/such/engine
    must_end_with 1 env DOCKER_HOST=tcp://127.0.0.1:1 "$PROJECT/build-merged.sh"
}

@test "a build that fails on an engine below the minimum says which one is needed" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\ncase $1 in version) echo "$OLD" ;; *) echo "nothing but a riddle" >&2; exit 7 ;; esac\n' >"$BATS_TEST_TMPDIR/bin/docker"
    chmod 755 "$BATS_TEST_TMPDIR/bin/docker"
    must_end_with 7 env PATH="$BATS_TEST_TMPDIR/bin:$PATH" OLD=20.10.24+dfsg1 "$PROJECT/build-merged.sh"
    in_order "$output" riddle 'this engine is Docker 20.10.24+dfsg1; Docker 23 or newer is needed'
    must_end_with 7 env PATH="$BATS_TEST_TMPDIR/bin:$PATH" OLD=23.0.1 "$PROJECT/build-merged.sh"
    lacks "$output" 'is needed'
}

@test "build-merged.sh takes every step from the cache of the Compose build" {
    # The same text and the same values: what Compose has built is not built again.
    no_step_matches "$WORK/merged.log" 'install-packages|create-users|set-up-sshd|probe'
}

# ---- the same as Compose

# facts CONTAINER FILE: all that a person could tell two containers apart by.
facts() {
    local c=$1
    wait_for_ssh "$PORT"
    must ssh_as me "$PASSWORD" "$PORT" "bash -lc 'id; pwd; echo \"seen: \$LOGIN_SEEN\"'"
    {
        echo "== login: $output"
        echo '== hooks'
        docker exec "$c" cat /var/lib/pei-test/order /var/lib/pei-test/who
        docker exec "$c" cat -A /var/lib/pei-test/args.first-1 /var/lib/pei-test/args.every-2
        echo '== links'
        docker exec "$c" sh -c 'for f in /soft/*; do echo "$f $(readlink "$f")"; done; cat "/an odd \"place\"/file"'
        echo '== environment of a process'
        docker exec "$c" env -0 | tr '\n\0' '\f\n' | grep -vE '^(HOSTNAME|TERM)=' | sort
        echo '== environment of a login'
        ssh_as me "$PASSWORD" "$PORT" env -0 | tr '\n\0' '\f\n' | grep -vE '^(SSH_.*|HOSTNAME|TERM)=' | sort
        echo '== mounts'
        docker inspect --format '{{range .Mounts}}{{.Type}} {{.Name}}{{if ne .Type "volume"}}{{.Source}}{{end}} {{.Destination}} {{.RW}}{{println}}{{end}}' "$c" | sort
        echo '== ports'
        docker port "$c" | sort
        echo '== hosts'
        docker inspect --format '{{json .HostConfig.ExtraHosts}}' "$c"
        docker exec "$c" grep host.docker.internal /etc/hosts
        echo '== host keys'
        host_keys "$PORT"
    } >"$2" 2>&1
}

@test "./run-merged.sh -d gives the login, hooks, links, environment, mounts and ports that Compose gives" {
    export FROM_CALLER="the caller's own"
    build stage-2
    up
    facts "$(container)" "$BATS_TEST_TMPDIR/compose"
    down
    must merged_run -d -n "$C"
    facts "$C" "$BATS_TEST_TMPDIR/merged"
    diff "$BATS_TEST_TMPDIR/compose" "$BATS_TEST_TMPDIR/merged" || fail 'Compose (<) and run-merged.sh (>) differ'
    # Two that lack the same would be equal, too.
    must cat "$BATS_TEST_TMPDIR/merged"
    in_order "$output" 'uid=1000(me)' 'seen: stage-1 stage-2' $'build-1\nbuild-2\nfirst-1\nevery-1\nfirst-2\nevery-2\n' \
        '/soft/app /hard/volume/app' '/soft/data /hard/image/data' '/soft/workspace /hard/volume/workspace' odd \
        "FROM_CALLER=the caller's own" 'OVER=from stage 2' "FROM_CALLER=the caller's own" 'ONLY_1=stage 1' \
        "$ODD_FOLDER" "${PROJECT}/host folder" "${PROJECT##*/}_app" "127.0.0.1:$WEB" ssh-ed25519
}

@test "a wrong password does not log in" {
    must merged_run -d -n "$C"
    wait_for_ssh "$PORT"
    must_fail ssh_as me "not-$PASSWORD" "$PORT" true
}

@test "the volumes are those of Compose also where the directory's name needs a change for that" {
    local folder="$WORK/My Project.$ID" wanted
    cp -r "$PROJECT" "$folder"
    PROJECT=$folder
    wanted=$(cd "$folder" && docker compose config --format json | sed -nE 's/.*"name": "(.*_app)".*/\1/p')
    [[ -n $wanted ]] || fail 'Compose tells no volume'
    must merged_run -d -n "$C"
    must docker inspect --format '{{range .Mounts}}{{if eq .Destination "/hard/volume/app"}}{{.Name}}{{end}}{{end}}' "$C"
    equal "$wanted" "$output"
}

@test "a changed password reaches the merged image with configure and build-merged.sh" {
    local changed=changed-Pw2
    write_config "$changed"
    merged_build -o "$ID-changed"
    no_step_matches "$PROJECT.log" 'install-packages|create-users|probe'
    must merged_run -d -n "$C" --image "$ID-changed"
    wait_for_ssh "$PORT"
    must ssh_as me "$changed" "$PORT" true
    must_fail ssh_as me "$PASSWORD" "$PORT" true
    write_config "$PASSWORD"
    # When a name moves to a new image, the old image would have none.
    must docker image rm --force "$MERGED"
    merged_build -o "$MERGED"
}

# ---- run-merged.sh: the command

@test "environment values reach the command byte for byte" {
    local i wrong=()
    merged_run -- env -0 </dev/null 2>"$BATS_TEST_TMPDIR/errors" | without_branch >"$BATS_TEST_TMPDIR/env"
    for i in "${!NAMES[@]}"; do
        sed -z -n "s/^${NAMES[i]}=//p" "$BATS_TEST_TMPDIR/env" >"$BATS_TEST_TMPDIR/seen"
        printf '%s\0' "${VALUES[i]}" >"$BATS_TEST_TMPDIR/wanted"
        cmp -s "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/seen" ||
            wrong+=("${NAMES[i]}: wanted $(__visible "${VALUES[i]}"), seen $(tr '\0' '|' <"$BATS_TEST_TMPDIR/seen" | cat -A)")
    done
    ((${#wrong[@]} == 0)) || fail 'these values did not arrive:' "${wrong[@]}"
}

@test "-- bash -c 'echo \"\$X\"' shows the value with its spaces" {
    runs_in_foreground -- bash -c 'echo "$BLANKS"'
    equal '  two  blanks  ' "$output"
}

@test "the words behind -- are the command, each as it is" {
    runs_in_foreground -- printf '<%s>\n' 'a  b' '' '*' '$HOME' "it's" '"' --rm -- -d
    equal "$(printf '<%s>\n' 'a  b' '' '*' '$HOME' "it's" '"' --rm -- -d)" "$output"
}

@test "the command's status is the script's, and stdin is the command's" {
    must_end_with 7 merged_run -- bash -c 'exit 7' </dev/null
    must merged_run -- cat <<<'typed text'
    has_line "$output" 'typed text'
}

@test "words for the entrypoint may stand after --, too" {
    runs_in_foreground -- --no-block -- echo made
    equal made "$output"
}

# ---- run-merged.sh: options

@test "run-merged.sh -h tells of its options, and needs no engine" {
    must env CONTAINER_ENGINE=/no/such/engine "$PROJECT/run-merged.sh" -h
    in_order "$output" Usage --name --detach --shell --no-rm --image --publish --volume --gpus --help CONTAINER_ENGINE
    equal "$output" "$("$PROJECT/run-merged.sh" --help)"
}

@test "an unknown option, a word without --, and an option without its value end with 2 and start nothing" {
    local words
    for words in --no-such-option -x bash '-d bash' -n --name --image -p --publish -v --volume --gpus '--gpus some'; do
        # shellcheck disable=SC2086 # an option and its value
        must_end_with 2 merged_run $words </dev/null
        words=${words#-d }
        has "$output" "${words%% *}"
    done
    must docker container ls --all --quiet --filter "name=$ID"
    equal '' "$output"
}

@test "where the engine is missing the status is 3, and the engine's own failures are its own" {
    must_end_with 3 env CONTAINER_ENGINE=/no/such/engine "$PROJECT/run-merged.sh"
    has "$output" /no/such/engine
    must_end_with 125 env DOCKER_HOST=tcp://127.0.0.1:1 "$PROJECT/run-merged.sh" -- true
}

@test "without options it runs in the foreground, under merged.env's name, and is gone at the end" {
    local name
    name=$(sed -nE "s/^RUN_CONTAINER_NAME='(.*)'/\1/p" "$WORK/merged.env")
    [[ -n $name ]] || fail 'merged.env names no container'
    merged_run -- sleep 30 </dev/null >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    local pid=$!
    within 20 is_running "$name"
    must docker inspect --format '{{.Config.Image}} {{.HostConfig.AutoRemove}} {{.Config.Tty}} {{.Config.OpenStdin}}' "$name"
    equal "$MERGED true false true" "$output"
    must docker kill "$name"
    wait "$pid" || true
    must_fail docker container inspect "$name"
}

is_running() {
    [[ $(state_of "$1") == 'running 0' ]]
}

@test "-n names the container, -d puts it in the background and prints its id" {
    local form
    for form in "-n $C-short -d" "--name $C-long --detach" "--name=$C-joined -d"; do
        # shellcheck disable=SC2086 # options and their values
        must merged_run $form </dev/null
        local name=${form%% -d} id=$output
        name=${name%% --detach}
        must docker inspect --format '{{.Id}} {{.State.Status}}' "${name##*[ =]}"
        equal "$id running" "$output"
        remove_containers
    done
}

@test "--no-rm keeps the container" {
    must merged_run -n "$C" --no-rm -- true </dev/null
    equal 'exited 0' "$(state_of "$C")"
}

@test "--image runs another image, in the foreground and with -d" {
    derive other "$MERGED" <<<'RUN echo another >/which'
    runs_in_foreground --image "$ID-other" -- cat /which
    equal another "$output"
    must merged_run "--image=$ID-other" -d -n "$C"
    must in_c "$C" -- cat /which
    equal another "$output"
}

@test "-s is a bash on the terminal, or of stdin where there is none" {
    must_end_with 4 merged_run -s < <(printf '%s\n' tty 'echo "shell: $0, $BLANKS."' 'exit 4')
    has_line "$output" 'not a tty'
    has_line "$output" 'shell: /bin/bash,   two  blanks  .'
}

@test "-s on a terminal is interactive" {
    attempt with_terminal "$PROJECT/run-merged.sh" --shell < <(printf '%s\n' 'echo "flags: $-, $(tty)"' 'exit 4')
    equal 4 "$status" 'the status of the shell'
    has "$output" 'himBHs, /dev/pts/'
}

@test "-p and -v add to the ports and volumes of the config, and may be given again" {
    local a b
    a=$(free_port)
    b=$(free_port)
    mkdir -p "$PROJECT/below it" "$BATS_TEST_TMPDIR/a \"b\" 'c'"
    echo relative >"$PROJECT/below it/file"
    echo absolute >"$BATS_TEST_TMPDIR/a \"b\" 'c'/file"
    must merged_run -d -n "$C" -p "127.0.0.1:$a:81" "--publish=127.0.0.1:$b:82" \
        -v "./below it:/extra/one two" --volume "$BATS_TEST_TMPDIR/a \"b\" 'c':/extra/it's:ro" "--volume=$ID-extra:/extra/named"
    wait_for_start "$C"
    must docker port "$C"
    has_line "$output" "81/tcp -> 127.0.0.1:$a"
    has_line "$output" "82/tcp -> 127.0.0.1:$b"
    has_line "$output" "8080/tcp -> 127.0.0.1:$WEB"
    has "$output" "0.0.0.0:$PORT"
    must in_c "$C" -- cat '/extra/one two/file' "/extra/it's/file"
    equal $'relative\nabsolute' "$output"
    must_fail in_c "$C" -- touch "/extra/it's/new"
    must in_c "$C" -- sh -c 'touch /extra/named/x && readlink /soft/workspace && ls -d /models'
    must docker volume inspect "$ID-extra"
}

@test "--gpus none runs a GPU project without any, all and auto ask the engine for them" {
    set_value RUN_DEVICE_TYPE gpu
    runs_in_foreground --gpus none -- echo runs
    equal runs "$output"
    runs_in_foreground --gpus=none -- echo runs
    equal runs "$output"
    set_value RUN_GPU none
    runs_in_foreground -- echo runs
    equal runs "$output"
    ! docker info --format '{{json .Runtimes}}' | grep -q nvidia || skip 'this engine has GPUs; it would give them'
    must_end_with 125 merged_run --gpus auto -- true </dev/null
    has "$output" 'capabilities: [[gpu]]'
    set_value RUN_DEVICE_TYPE cpu
    must_end_with 125 merged_run --gpus all -- true </dev/null
    has "$output" 'capabilities: [[gpu]]'
    runs_in_foreground --gpus auto -- echo runs
    equal runs "$output"
}

# ---- merged.env: values

# The forms of yes and no that merged.env knows.
YES=(true TRUE True 1)
NO=(false FALSE False 0)

# end_is STATE VALUE: with RUN_REMOVE as said, a container is gone or kept at its end.
end_is() {
    local state=gone
    set_value RUN_REMOVE "$2"
    must merged_run -n "$C" -- true </dev/null || return
    ! docker container inspect "$C" >/dev/null 2>&1 || state=kept
    remove_containers
    equal "$1" "$state" "the container's end with RUN_REMOVE='$2'"
}

@test "RUN_REMOVE takes yes and no in every form, and empty is yes" {
    local form
    # What is looked at here happens with any command; none is quicker than one without a preparation.
    set_value RUN_EXTRA_ARGS '--entrypoint true'
    for form in "${YES[@]}" ''; do end_is gone "$form"; done
    for form in "${NO[@]}"; do end_is kept "$form"; done
}

@test "RUN_ENV_ENABLE takes yes and no in every form, and empty is yes" {
    local form
    set_value RUN_EXTRA_ARGS '--entrypoint printenv'
    for form in "${YES[@]}" ''; do
        set_value RUN_ENV_ENABLE "$form"
        must merged_run -- BLANKS </dev/null
        equal '  two  blanks  ' "$output" "RUN_ENV_ENABLE='$form'"
    done
    for form in "${NO[@]}"; do
        set_value RUN_ENV_ENABLE "$form"
        must_end_with 1 merged_run -- BLANKS </dev/null
        equal '' "$output" "RUN_ENV_ENABLE='$form'"
    done
}

@test "RUN_DETACH takes yes and no in every form, and empty is no" {
    local form
    set_value RUN_EXTRA_ARGS '--entrypoint echo'
    for form in "${NO[@]}" ''; do
        set_value RUN_DETACH "$form"
        must merged_run -- seen </dev/null
        equal seen "$output" "RUN_DETACH='$form'"
    done
    for form in "${YES[@]}"; do
        set_value RUN_DETACH "$form"
        must merged_run --no-rm -n "$C" -- seen </dev/null
        equal "$(docker inspect --format '{{.Id}}' "$C")" "$output" "RUN_DETACH='$form'"
        remove_containers
    done
}

@test "RUN_TTY is yes where there is a terminal, and can be no" {
    local form
    set_value RUN_EXTRA_ARGS '--entrypoint tty'
    for form in '' True 1; do
        set_value RUN_TTY "$form"
        must with_terminal "$PROJECT/run-merged.sh" </dev/null
        has "$output" /dev/pts/
        # Without a terminal there is none to give.
        must_end_with 1 merged_run </dev/null
        has "$output" 'not a tty'
    done
    set_value RUN_TTY False
    must_end_with 1 with_terminal "$PROJECT/run-merged.sh" </dev/null
    has "$output" 'not a tty'
}

@test "a switch that is neither yes nor no is an error that names it" {
    local key
    for key in RUN_REMOVE RUN_DETACH RUN_ENV_ENABLE; do
        cp "$WORK/merged.env" "$PROJECT/merged.env"
        set_value "$key" perhaps
        must_fail merged_run -- true </dev/null
        has "$output" "$key"
        has "$output" perhaps
    done
    must docker container ls --all --quiet --filter "name=$ID"
    equal '' "$output"
}

@test "RUN_PORTS, RUN_VOLUMES, RUN_ENV_VARS and RUN_EXTRA_ARGS are shell words, whose quotes keep spaces" {
    local a b
    a=$(free_port)
    b=$(free_port)
    mkdir -p "$BATS_TEST_TMPDIR/a b"
    echo here >"$BATS_TEST_TMPDIR/a b/file"
    set_value RUN_PORTS " '127.0.0.1:$a:81'   \"127.0.0.1:$b:82/udp\" "
    set_value RUN_VOLUMES "'$BATS_TEST_TMPDIR/a b:/c  d'"
    set_value RUN_ENV_VARS "'A=two  blanks' B=\"it's\" C="
    set_value RUN_EXTRA_ARGS "--label 'with=two  blanks' --hostname other"
    set_value RUN_EXTRA_HOSTS 'one.test:10.1.2.3 two.test:10.1.2.4'
    must merged_run -d -n "$C" -- bash -c 'printf "%s|" "$A" "$B" "${C-unset}" "$HOSTNAME" "${PLAIN-none}"; cat "/c  d/file"; cat /etc/hosts; sleep 60'
    within 20 log_has "one.test"
    must logs "$C"
    has "$output" "two  blanks|it's||other|none|here"
    has "$output" 10.1.2.4
    equal 'two  blanks' "$(docker inspect --format '{{index .Config.Labels "with"}}' "$C")"
    equal "81/tcp -> 127.0.0.1:$a
82/udp -> 127.0.0.1:$b" "$(docker port "$C" | sort)" 'the ports'
}

log_has() {
    [[ $(logs "$C") == *"$1"* ]]
}

@test "RUN_NETWORK and RUN_CONTAINER_NAME are followed, and an empty name is the engine's to choose" {
    set_value RUN_NETWORK none
    set_value RUN_PORTS ''
    set_value RUN_CONTAINER_NAME "$C-named"
    must merged_run -d
    equal none "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$C-named")"
    set_value RUN_CONTAINER_NAME ''
    must merged_run -d
    local id=$output
    must docker inspect --format '{{.Name}}' "$id"
    lacks "$output" "$ID"
    must docker container rm --force "$id"
}

# ---- podman

# podman_image: use podman, and build the project's image with it unless that has been done.
podman_image() {
    use_podman
    podman image exists "$ID-pod" ||
        __logged "$PROJECT.log" "$PROJECT/build-merged.sh" -o "$ID-pod" "${PODMAN_LIMITS[@]}"
    podman volume exists "$ID-models" || must podman volume create "$ID-models"
    set_value STAGE2_IMAGE_NAME "$ID-pod"
    set_value RUN_EXTRA_ARGS "${PODMAN_LIMITS[*]}"
}

@test "podman: build-merged.sh builds, secrets included" {
    podman_image
    must podman history --no-trunc "$ID-pod"
    lacks "$output" "$PASSWORD"
    lacks "$output" '$6$'
    must merged_run -- getent shadow me </dev/null
    has "$output" 'me:$6$'
    # podman finds the step in its cache, whatever a mount holds: the sum, which is no hash of a password, tells them apart.
    local first=$output
    write_config other-Pw3
    __logged "$PROJECT.log" "$PROJECT/build-merged.sh" -o "$ID-pod-other" "${PODMAN_LIMITS[@]}"
    must podman run --rm "${PODMAN_LIMITS[@]}" --entrypoint getent "$ID-pod-other" shadow me
    has "$output" 'me:$6$'
    [[ ${output#*me:} != "${first#*me:}" ]] || fail 'the password is still the first one'
    write_config "$PASSWORD"
}

@test "podman: ./run-merged.sh -d gives the login, hooks, links and environment" {
    podman_image
    must merged_run -d -n "$C"
    wait_for_ssh "$PORT"
    attempt ssh_as me "$PASSWORD" "$PORT" 'bash -lc "id; echo \$LOGIN_SEEN"; readlink /soft/app /soft/data /soft/workspace; cat "/an odd \"place\"/file"; cat /var/lib/pei-test/order; printf "<%s>\n" "$BLANKS" "$SINGLE" "$DOLLAR" "$OVER" "$ONLY_1"'
    local said=$output was=$status
    must podman container rm --force --time 0 "$C"
    equal 0 "$was" 'the status of the login'
    in_order "$said" 'uid=1000(me)' 'stage-1 stage-2' $'/hard/volume/app\n/hard/image/data\n/hard/volume/workspace\nodd\n' \
        $'build-1\nbuild-2\nfirst-1\nevery-1\nfirst-2\nevery-2\n' \
        "<  two  blanks  >" "<it's 'quoted'>" '<a $HOME $$ $(id) $x>' '<from stage 2>' '<stage 1>'
}

@test "podman: a command behind -- has its words, its environment and its status" {
    podman_image
    runs_in_foreground -- bash -c 'printf "<%s>" "$BLANKS" "$DOUBLE" "$NEWLINE" "$@"' me 'a  b' '' '*'
    equal $'<  two  blanks  ><say "hello"><first\nsecond line\n\nlast><a  b><><*>' "$output"
    must_end_with 7 merged_run -- bash -c 'exit 7' </dev/null
    must podman container ls --all --quiet
    equal '' "$output" 'the containers that are left'
}

@test "podman: more ports and volumes, another image, and no removal" {
    podman_image
    local port
    port=$(free_port)
    mkdir -p "$BATS_TEST_TMPDIR/a b"
    echo here >"$BATS_TEST_TMPDIR/a b/file"
    must podman tag "$ID-pod" "$ID-again"
    must merged_run -n "$C" --no-rm --gpus none --image "$ID-again" -p "127.0.0.1:$port:81" -v "$BATS_TEST_TMPDIR/a b:/c  d" -- \
        cat '/c  d/file' </dev/null
    has_line "$output" here
    must podman inspect --format '{{.ImageName}} {{.State.Status}} {{json .HostConfig.PortBindings}}' "$C"
    has "$output" "$ID-again"
    has "$output" exited
    has "$output" "\"$port\""
    must podman container rm "$C"
}

@test "podman: the container reaches the host by its name" {
    podman_image
    runs_in_foreground -- getent hosts host.docker.internal
    equal "$(podman network inspect podman --format '{{(index .Subnets 0).Gateway}}')" "$(cut -d' ' -f1 <<<"$output")"
}

@test "podman: -s is a bash of stdin, with the environment and the status of the shell" {
    podman_image
    must_end_with 4 merged_run -s < <(printf '%s\n' 'echo "shell: $0, $BLANKS."' 'exit 4')
    has_line "$output" 'shell: /bin/bash,   two  blanks  .'
}

@test "podman: --gpus all asks for the devices that the toolkit describes" {
    podman_image
    ! podman info --format json | grep -q nvidia.com/gpu || skip 'this machine has GPUs; podman would give them'
    must_end_with 126 merged_run --gpus all -- true </dev/null
    has "$output" nvidia.com/gpu
}
