#!/usr/bin/env bats
# The entrypoint: every row of its order, for the images of both stages.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

setup_file() {
    begin_file
    project plain
    hook stage-2/custom/slow.sh <<'SCRIPT'
#!/usr/bin/env bash
# Hangs where the environment asks for it.
[[ -z ${PEI_TEST_HANG:-} ]] || sleep 300
SCRIPT
    config <<YAML
stage_1:
  $(image_1)
  ssh: {port: 2200, users: {me: {password: entry}}}
stage_2:
  $(image_2)
  custom:
    on_every_run: ['stage-2/custom/slow.sh']
YAML
    build

    project below
    entry stage-1/custom/entry.sh
    config <<YAML
stage_1:
  $(image_1)
  ssh: {port: 2200, users: {me: {password: entry}}}
  custom: {on_entry: 'stage-1/custom/entry.sh --baked "from stage 1"'}
stage_2:
  $(image_2)
YAML
    build

    project both
    entry stage-1/custom/entry.sh
    entry stage-2/custom/other.sh
    config <<YAML
stage_1:
  $(image_1)
  ssh: {port: 2200, users: {me: {password: entry}}}
  custom: {on_entry: 'stage-1/custom/entry.sh --baked "from stage 1"'}
stage_2:
  $(image_2)
  custom: {on_entry: ['stage-2/custom/other.sh --baked "from stage 2"']}
YAML
    build
}

teardown_file() {
    end_file
}

# entry PATH: an on_entry script that tells how it was called.
entry() {
    hook "$1" <<'SCRIPT'
#!/usr/bin/env bash
printf 'pid=%s\n' "$$"
printf 'argument=<%s>\n' "$@"
SCRIPT
}

# ---- 1. on_entry

@test "on_entry is executed in the entrypoint's place, configured arguments first" {
    project both
    must drun "$(image 2)" one 'two words'
    in_order "$output" 'Entrypoint branch: custom on_entry wrapper (stage-2)' pid=1 \
        'argument=<--baked>' 'argument=<from stage 2>' 'argument=<one>' 'argument=<two words>'
    count_is 4 "$output" '^argument='
}

@test "each stage's image runs its own on_entry" {
    project both
    must drun "$(image 1)" x
    in_order "$output" 'Entrypoint branch: custom on_entry wrapper (stage-1)' pid=1 'argument=<from stage 1>' 'argument=<x>'
}

@test "stage-2 falls back to stage-1's on_entry" {
    project below
    must drun "$(image 2)" x
    in_order "$output" 'Entrypoint branch: custom on_entry wrapper (stage-1)' pid=1 'argument=<from stage 1>' 'argument=<x>'
}

@test "with on_entry no option is interpreted" {
    project both
    must drun "$(image 2)" --verbose --no-block --bogus -- y
    in_order "$output" 'argument=<--verbose>' 'argument=<--no-block>' 'argument=<--bogus>' 'argument=<-->' 'argument=<y>'
    lacks "$output" on-first-run.sh
}

@test "on_entry gets the command of a Compose service" {
    project both
    must compose run --rm -T --no-deps stage-2
    in_order "$output" 'custom on_entry wrapper (stage-2)' 'argument=</bin/bash>'
    must compose run --rm -T --no-deps stage-1 'a b'
    in_order "$output" 'custom on_entry wrapper (stage-1)' 'argument=<a b>'
    down --volumes
}

@test "a missing on_entry script is named, and the container ends with an error" {
    project both
    mkdir -p "$WORK/empty"
    must_fail drun --volume "$WORK/empty:/pei-from-host/stage-2/custom:ro" "$(image 2)"
    has "$output" 'Custom on-entry target script not found'
    must_fail drun --volume "$WORK/empty:/pei-from-host/stage-1/custom:ro" "$(image 1)"
    has "$output" 'Custom on-entry target script not found'
}

# ---- 2. a command

@test "a command is executed as the first process, with its arguments untouched" {
    project plain
    local n
    for n in 1 2; do
        must drun "$(image "$n")" bash -c 'printf "pid=%s <%s> <%s>\n" "$$" "$@"' bash 'two words' '--verbose'
        in_order "$output" 'Entrypoint branch: exec user command (' 'pid=1 <two words> <--verbose>'
    done
}

@test "the status of the command is the container's" {
    project plain
    local n
    for n in 1 2; do
        must_end_with 37 drun "$(image "$n")" bash -c 'exit 37'
    done
}

@test "a command that does not exist ends the container with 127" {
    project plain
    must_end_with 127 drun "$(image 2)" no-such-command
}

@test "Compose runs a service's command the same way" {
    project plain
    must compose run --rm -T --no-deps stage-2 echo from-compose
    in_order "$output" 'Entrypoint branch: exec user command (' from-compose
    must compose run --rm -T --no-deps stage-1 echo from-compose
    in_order "$output" 'Entrypoint branch: exec user command (' from-compose
    down --volumes
}

# ---- 3. options

@test "an unknown option is named on stderr and ends with 2" {
    project plain
    local n
    for n in 1 2; do
        run --separate-stderr drun "$(image "$n")" --bogus
        equal 2 "$status" 'the status'
        # shellcheck disable=SC2154 # run --separate-stderr sets it
        has_line "$stderr" 'Error: Unknown entrypoint option: --bogus'
    done
}

@test "a word among the options, without --, is named on stderr and ends with 2" {
    project plain
    local n
    for n in 1 2; do
        run --separate-stderr drun "$(image "$n")" --no-block word
        equal 2 "$status" 'the status'
        has "$stderr" 'Error: '
        has "$stderr" word
    done
}

@test "after -- comes a command, even one that begins with dashes" {
    project plain
    local n
    for n in 1 2; do
        must drun "$(image "$n")" --no-block -- echo after-dashes
        in_order "$output" 'Entrypoint branch: exec user command (' after-dashes
        lacks "$output" 'no-block exit'
        must drun "$(image "$n")" -- echo --verbose
        has_line "$output" '--verbose'
    done
    must_end_with 127 drun "$(image 2)" -- --bogus
}

@test "--verbose reaches the command as a variable" {
    project plain
    must drun "$(image 2)" --verbose -- printenv PEI_ENTRYPOINT_VERBOSE
    has_line "$output" 1
    must_fail drun "$(image 2)" printenv PEI_ENTRYPOINT_VERBOSE
}

@test "with --verbose each preparation script and wrapper prints its own path" {
    project plain
    local path
    must drun "$(image 2)" --verbose --no-block
    for path in internals/{on-entry,on-first-run,on-every-run}.sh generated/_custom-on-{first,every}-run.sh; do
        has "$output" "/pei-from-host/stage-1/$path"
        has "$output" "/pei-from-host/stage-2/$path"
    done
    must drun "$(image 1)" --verbose --no-block
    for path in internals/{on-entry,on-first-run,on-every-run}.sh generated/_custom-on-{first,every}-run.sh; do
        has "$output" "/pei-from-host/stage-1/$path"
    done
    lacks "$output" stage-2
}

@test "without --verbose the preparation is silent" {
    project plain
    local n
    for n in 1 2; do
        must drun "$(image "$n")" --no-block
        equal 'Entrypoint branch: no-block exit' "$output" "all that stage-$n prints"
    done
}

# ---- 4. --no-block

@test "--no-block ends with 0 when the preparation is done" {
    project plain
    start noblock "$(image 2)" --no-block
    within 20 is_exited "$ID-noblock"
    equal 'exited 0' "$(state_of "$ID-noblock")"
    has_line "$(logs "$ID-noblock")" 'Entrypoint branch: no-block exit'
    must docker cp "$ID-noblock:/pei-init/stage-1-init-done" "$BATS_TEST_TMPDIR/"
    must docker cp "$ID-noblock:/pei-init/stage-2-init-done" "$BATS_TEST_TMPDIR/"
    discard noblock
    must drun "$(image 1)" --no-block
    has_line "$output" 'Entrypoint branch: no-block exit'
}

@test "--no-block works through Compose" {
    project plain
    must compose run --rm -T --no-deps stage-2 --no-block
    has_line "$output" 'Entrypoint branch: no-block exit'
    down --volumes
}

# ---- 5. bash

@test "an open stdin gets a bash" {
    project plain
    local n
    for n in 1 2; do
        must drun --interactive "$(image "$n")" < <(echo 'echo "pid=$$ $((20 + 22))"')
        in_order "$output" 'Entrypoint branch: bash fallback' 'pid=1 42'
    done
}

@test "a terminal gets a bash" {
    project plain
    local n
    for n in 1 2; do
        must with_terminal docker run --rm --pull never --label "pei-test=$ID" -it "$(image "$n")" \
            < <(printf '%s\n' 'tty; echo "sum $((20 + 22))"; exit')
        has "$output" 'Entrypoint branch: bash fallback'
        has "$output" /dev/pts/
        has "$output" 'sum 42'
    done
}

@test "--verbose alone, and -- alone, come to the same fallbacks" {
    project plain
    must drun --interactive "$(image 2)" --verbose < <(echo 'echo $((20 + 22))')
    in_order "$output" 'Entrypoint branch: bash fallback' 42
    must drun --interactive "$(image 2)" -- < <(echo 'echo $((20 + 22))')
    in_order "$output" 'Entrypoint branch: bash fallback' 42
}

# ---- 6. sleep

# sleeps_until SIGNAL: the images of both stages block, and end with 0 at once when the signal comes.
sleeps_until() {
    local n began
    project plain
    for n in 1 2; do
        start "sleep-$n" "$(image "$n")"
        wait_for_start "$ID-sleep-$n"
        has_line "$(logs "$ID-sleep-$n")" 'Entrypoint branch: sleep fallback'
        must docker exec "$ID-sleep-$n" cat /proc/1/comm
        [[ $output == bash || $output == entrypoint.sh ]] || fail "the first process is $output"
        must docker exec "$ID-sleep-$n" readlink /proc/1/exe
        has "$output" bash
        began=$SECONDS
        must docker kill --signal "$1" "$ID-sleep-$n"
        within 5 is_exited "$ID-sleep-$n"
        ((SECONDS - began < 4)) || fail "$1 took $((SECONDS - began)) s"
        equal 'exited 0' "$(state_of "$ID-sleep-$n")"
        discard "sleep-$n"
    done
}

@test "without a stdin it blocks, and TERM ends it with 0 at once" {
    sleeps_until TERM
}

@test "without a stdin it blocks, and INT ends it with 0 at once" {
    sleeps_until INT
}

@test "TERM ends a container whose start hook hangs" {
    project plain
    start hang --env PEI_TEST_HANG=1 "$(image 2)"
    within 10 docker exec "$ID-hang" bash -c 'grep -aqs slow.sh /proc/[0-9]*/cmdline'
    must docker kill --signal TERM "$ID-hang"
    within 6 is_exited "$ID-hang"
    discard hang
}

@test "the processes that nobody waits for are reaped" {
    project plain
    start reap "$(image 2)"
    wait_for_start "$ID-reap"
    must docker exec "$ID-reap" bash -c 'for i in 1 2 3 4 5; do (sleep 0.2 & exit 0); done'
    within 10 no_zombie "$ID-reap"
    discard reap
}

no_zombie() {
    docker exec "$1" bash -c 'sleep 0.5; for f in /proc/[0-9]*/stat; do
        read -r line <"$f" || continue
        [[ ${line##*) } != Z* ]] || { echo "$line"; exit 1; }
    done 2>/dev/null'
}

# ---- sshd and restarts

@test "sshd runs after every branch that continues" {
    project plain
    start a "$(image 2)"
    start b "$(image 2)" bash -c 'sleep 60'
    start c "$(image 1)" sleep 60
    local name
    for name in a b c; do
        wait_for_start "$ID-$name"
        within 10 docker exec "$ID-$name" bash -c 'exec 3<>/dev/tcp/127.0.0.1/2200; read -r -t 3 x <&3; [[ $x == SSH-2.0* ]]'
    done
    discard a b c
}

@test "containers that start for the first time on one volume have the same host keys" {
    local n pids=()
    project plain
    must docker volume create --label "pei-test=$ID" "$ID-keys"
    for n in 1 2 3; do
        start "keys-$n" --volume "$ID-keys:/pei-init/ssh-host-keys" "$(image 2)" &
        pids+=("$!")
    done
    wait "${pids[@]}"
    for n in 1 2 3; do
        wait_for_start "$ID-keys-$n"
        docker exec "$ID-keys-$n" ssh-keyscan -p 2200 127.0.0.1 2>/dev/null | grep -v '^#' | sort >"$BATS_TEST_TMPDIR/$n"
        count_is 3 "$(<"$BATS_TEST_TMPDIR/$n")" ':2200 '
        same_bytes "$BATS_TEST_TMPDIR/1" "$BATS_TEST_TMPDIR/$n"
    done
    discard keys-1 keys-2 keys-3
}

@test "missing capabilities of root for logins are reported" {
    project plain
    start caps --cap-drop ALL "$(image 2)"
    wait_for_start "$ID-caps"
    has "$(logs "$ID-caps")" 'ssh logins may fail: this container lacks the capabilities'
    discard caps
    start caps --cap-drop AUDIT_WRITE "$(image 2)"
    wait_for_start "$ID-caps"
    has "$(logs "$ID-caps")" 'lacks the capabilities AUDIT_WRITE,'
    discard caps
    start caps --cap-drop NET_RAW "$(image 2)"
    wait_for_start "$ID-caps"
    lacks "$(logs "$ID-caps")" capabilities
    discard caps
}

@test "pei's own scripts take no program from the container's PATH, its hooks and sessions do" {
    local tool
    project plain
    mkdir -p "$WORK/planted"
    for tool in bash cat chmod cut date dirname env flock grep ls mkdir mv readlink rm sed sha256sum sleep sort ssh-keygen stat timeout touch; do
        printf '#!/bin/sh\necho "%s" >>/planted/ran\nPATH=/usr/bin:/bin exec %s "$@"\n' "$tool" "$tool" >"$WORK/planted/$tool"
    done
    chmod 777 "$WORK/planted" "$WORK/planted"/*
    start path --volume "$WORK/planted:/planted" --env PATH=/planted:/usr/sbin:/usr/bin:/sbin:/bin "$(image 2)"
    wait_for_start "$ID-path"
    # A hook is started by the bash that its PATH has.
    equal bash "$(sort -u "$WORK/planted/ran")"
    must docker exec "$ID-path" /bin/grep '^PATH=' /etc/environment
    has_line "$output" PATH=/planted:/usr/sbin:/usr/bin:/sbin:/bin
    discard path
}

@test "where sshd cannot bind its port, the start continues and the log says so" {
    project plain
    start first "$(image 2)"
    wait_for_start "$ID-first"
    start second --network "container:$ID-first" "$(image 2)"
    wait_for_start "$ID-second"
    equal 'running 0' "$(state_of "$ID-second")"
    must logs "$ID-second"
    [[ $(grep -v '^Entrypoint branch' <<<"$output") == *[Ss][Ss][Hh]* ]] || fail "the log does not speak of ssh:" "$output"
    discard second first
}

@test "after kill -9 and a new start ssh answers again" {
    project plain
    start again "$(image 2)"
    wait_for_start "$ID-again"
    must docker kill --signal KILL "$ID-again"
    must docker start "$ID-again"
    within 20 docker exec "$ID-again" bash -c 'exec 3<>/dev/tcp/127.0.0.1/2200; read -r -t 3 x <&3; [[ $x == SSH-2.0* ]]'
    equal 'running 0' "$(state_of "$ID-again")"
    discard again
}

@test "a stop ends the service's bash at once" {
    local n began
    project plain
    for n in 1 2; do
        up "stage-$n"
        wait_for_start "$(container "stage-$n")"
        # It has read its start files by then.
        within 10 listens_to_term "$(container "stage-$n")"
        began=$SECONDS
        must compose stop --timeout 60 "stage-$n"
        ((SECONDS - began < 30)) || fail "the stop took $((SECONDS - began)) s"
        equal 'exited 0' "$(state_of "$(container "stage-$n")")"
    done
    down --volumes
}

@test "a stop ends a bash whose commands come from a pipe at once" {
    local began
    project plain
    must drun --interactive --env BASH_ENV=/etc/own-env "$(image 2)" \
        < <(echo 'echo "<$BASH_ENV><${PEI_BASH_ENV-none}>"; bash -c "trap -p"; exit 9') || equal 9 "$status"
    has_line "$output" '</etc/own-env><none>'
    lacks "$output" trap
    start pipe --interactive "$(image 2)"
    wait_for_start "$ID-pipe"
    sleep 0.5
    began=$SECONDS
    must docker stop --time 20 "$ID-pipe"
    ((SECONDS - began < 4)) || fail "the stop took $((SECONDS - began)) s"
    discard pipe
}

# Its first process takes notice of TERM, the fifteenth signal.
listens_to_term() {
    local caught
    caught=$(docker exec "$1" sed -n 's/^SigCgt:[[:space:]]*//p' /proc/1/status)
    ((16#$caught & 1 << 14))
}

@test "up --wait comes back when a login gets an answer, and a container whose sshd is gone is unhealthy" {
    project plain
    must compose up --detach --wait --no-build --pull never stage-2
    must docker exec "$(container)" bash -c 'exec 3<>/dev/tcp/127.0.0.1/2200; read -r -t 3 x <&3; [[ $x == SSH-2.0* ]]'
    down --volumes
    # A start period of 0 would mean the image's, in which no failure counts.
    start health --health-interval 1s --health-start-period 1ms --health-retries 1 "$(image 2)" bash -c 'pkill -x sshd; sleep 60'
    within 20 health_is unhealthy "$ID-health"
    must docker exec "$ID-health" /usr/sbin/sshd
    within 20 health_is healthy "$ID-health"
    discard health
    # A hook's settings, which are not pei's: an address that is not 127.0.0.1, and a port of its own.
    printf 'ListenAddress 127.0.0.7:2207\n' >"$WORK/50-mine.conf"
    # A start period of 0 would mean the image's, in which no failure counts.
    start health --health-interval 1s --health-start-period 1ms --health-retries 1 \
        --volume "$WORK/50-mine.conf:/etc/ssh/sshd_config.d/50-mine.conf:ro" "$(image 2)" sleep 60
    within 20 health_is healthy "$ID-health"
    must docker exec "$ID-health" pkill -x sshd
    within 20 health_is unhealthy "$ID-health"
    discard health
}

@test "up through Compose runs the service's bash and stays" {
    project plain
    up stage-2
    wait_for_start
    has "$(logs)" 'Entrypoint branch: exec user command ('
    equal 'running 0' "$(state_of "$(container)")"
    up stage-1
    wait_for_start "$(container stage-1)"
    equal 'running 0' "$(state_of "$(container stage-1)")"
    down --volumes
}
