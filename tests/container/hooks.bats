#!/usr/bin/env bats
# The five hooks: when they run, in which order, as whom, with which arguments, and what their failures do.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=hooks-Pw1

# The arguments of one entry as they are typed, and what a shell makes of them in the container.
TYPED='--a=1 --b="two words" '\''kept $HOME'\'' $HOME $(echo sub shell) "$(echo quoted sub)" back\ slash "" it"'\''"s "a\"b" $PEI_STAGE_DIR_1 no#comment'
ARRIVED=('--a=1' '--b=two words' 'kept $HOME' /root sub shell 'quoted sub' 'back slash' '' "it's" 'a"b'
    /pei-from-host/stage-1 'no#comment')

# hook_list KIND ENTRY...: a list of hooks as YAML.
hook_list() {
    local entry
    printf '    %s:\n' "$1"
    for entry in "${@:2}"; do printf '      - %s\n' "$(yaml_text "$entry")"; done
}

# A login hook that leaves a line, prints one, and changes the shell.
login_hook() {
    hook "$1" <<'SCRIPT'
# usage: source login NAME [ARG...]
(umask 000 && printf '%s %s\n' "$1" "$(id -un)" >>/var/lib/pei-test/logins) 2>/dev/null
printf 'printed by the login hook %s\n' "$1"
pei_test_seen="${pei_test_seen:-}[$1:${2:-}]"
pei_test_function() { printf 'function of %s\n' "$1"; }
SCRIPT
}

write_rich_config() {
    config <<YAML
stage_1:
  $(image_1)
  ssh: {port: 22, host_port: $PORT, users: {me: {password: $PASSWORD}, ann: {password: $PASSWORD}}}
  custom:
$(hook_list on_build "stage-1/custom/probe.sh build-1a $TYPED" "stage-1/custom/probe.sh build-1b" \
        '"stage-1/custom/with blank/a probe.sh" build-1c "x y"' "stage-1/custom/state.sh" \
        "stage-1/custom/neighbours.sh" 'stage-1/custom/by-perl.pl build "two words"' "stage-1/custom/odd.sh build")
$(hook_list on_first_run "stage-1/custom/probe.sh first-1a $TYPED" "stage-1/custom/flaky.sh first-1b")
$(hook_list on_every_run "stage-1/custom/probe.sh every-1a $TYPED" "stage-1/custom/flaky.sh every-1b" \
            "stage-1/custom/probe.sh every-1c" "stage-1/custom/by-perl.pl every")
$(hook_list on_user_login 'stage-1/custom/login.sh one --theme="very dark"')
stage_2:
  $(image_2)
  custom:
$(hook_list on_build "stage-2/custom/probe.sh build-2a $TYPED" "stage-1/custom/probe.sh build-2b")
$(hook_list on_first_run 'stage-2/custom/probe.sh first-2a "$PEI_SOFT_DATA" $(readlink /soft/data)' \
            "stage-2/custom/flaky.sh first-2b")
$(hook_list on_every_run "stage-2/custom/probe.sh every-2a $TYPED")
$(hook_list on_user_login 'stage-2/custom/login.sh two "$HOME"')
YAML
}

setup_file() {
    begin_file
    PORT=$(free_port)
    export PORT
    project hooks
    probe stage-1/custom/probe.sh
    probe 'stage-1/custom/with blank/a probe.sh'
    probe stage-2/custom/probe.sh
    login_hook stage-1/custom/login.sh
    login_hook stage-2/custom/login.sh
    hook stage-1/custom/state.sh <<'SCRIPT'
#!/usr/bin/env bash
{ id -un; id -nG me; command -v sshd || ls /usr/sbin/sshd; } >/var/lib/pei-test/state
SCRIPT
    hook stage-1/custom/neighbours.sh <<'SCRIPT'
#!/usr/bin/env bash
# What scripts do to the tree around them.
set -e
chmod +x "$PEI_STAGE_DIR_1/custom/tool.txt"
echo made >"$PEI_STAGE_DIR_1/custom/made.txt"
echo loaded >"$PEI_STAGE_DIR_1/tmp/loaded"
ln -s "$(realpath "$(dirname "$0")/tool.txt")" /usr/local/bin/kept-tool
SCRIPT
    printf '#!/bin/sh\necho the tool\n' | hook stage-1/custom/tool.txt
    hook stage-1/custom/by-perl.pl <<'SCRIPT'
#!/usr/bin/env -S perl -w
my $name = shift @ARGV;
open(my $out, '>', "/var/lib/pei-test/perl.$name") or die;
print $out join('|', $^W, @ARGV), "\n";
SCRIPT
    hook stage-1/custom/odd.sh <<'SCRIPT'
#!/no/such/shell
[[ $BASH_VERSION ]] && echo "run by bash" >/var/lib/pei-test/odd
SCRIPT
    # A test reads what this step says, which a step of the cache does not say again.
    echo "# $ID" >>"$PROJECT/installation/stage-1/custom/odd.sh"
    local stage
    for stage in 1 2; do
        hook "stage-$stage/custom/flaky.sh" <<'SCRIPT'
#!/usr/bin/env bash
# Fails where a file of this name asks for it.
printf '%s\n' "$1" >>/var/lib/pei-test/order
[[ ! -e /etc/pei-test-fail-$1 ]] || { echo 'flaky says why' >&2; exit 9; }
SCRIPT
    done
    write_rich_config
    build
    up
    wait_for_ssh "$PORT"
}

teardown_file() {
    end_file
}

setup() {
    project hooks
    C=$(container)
}

# ---- on_build

@test "build hooks run in order, stage-1's before stage-2's" {
    equal 'build-1a build-1b build-1c' "$(probe_order "$(image 1)")"
    equal 'build-1a build-1b build-1c build-2a build-2b' "$(probe_order "$(image 2)")"
}

@test "build hooks run as root, when users and sshd are there" {
    must file_in_image "$(image 2)" /var/lib/pei-test/state
    in_order "$output" root ssh_users sshd
    must file_in_image "$(image 2)" /var/lib/pei-test/who
    has_line "$output" 'build-2a root 0'
}

@test "a build hook may change its neighbours, write beside itself, and keep its real path" {
    local tree=/pei-from-host/stage-1
    must drun --entrypoint sh "$(image 2)" -c "kept-tool; cat $tree/custom/made.txt $tree/tmp/loaded"
    in_order "$output" 'the tool' made loaded
}

@test "a hook runs by its first line, and by bash where that names nothing that is there" {
    must file_in_image "$(image 1)" /var/lib/pei-test/perl.build
    equal '1|two words' "$output"
    must file_in_image "$(image 1)" /var/lib/pei-test/odd
    equal 'run by bash' "$output"
    has "$(<"$PROJECT.log")" 'odd.sh is written for shell, which is not installed; bash runs it'
    must in_c -- cat /var/lib/pei-test/perl.every
    equal 1 "$output"
}

@test "a hook script that is missing stops the build in the words of configure, with the key" {
    local script
    project missing
    for script in stage-1/system/nope/install.sh stage-1/custom/nope.sh nosuch/x.sh; do
        config <<YAML
stage_1:
  $(image_1)
  custom: {on_build: [$script]}
YAML
        has "$output" "the hook script \`installation/$script\` does not exist"
        build_fails stage-1
        has "$(<"$PROJECT.log")" "the hook script \`installation/$script\` does not exist (at \`stage_1.custom.on_build[0]\`"
    done
}

@test "arguments of build hooks arrive as a shell would pass them" {
    probe_args_are "$(image 1)" build-1a "${ARRIVED[@]}"
    probe_args_are "$(image 2)" build-2a "${ARRIVED[@]}"
    probe_args_are "$(image 1)" build-1b
}

@test "a script's path may hold spaces" {
    probe_args_are "$(image 1)" build-1c 'x y'
}

# ---- on_first_run and on_every_run

@test "first-run hooks run before every-run hooks, stage-1's before stage-2's" {
    local order
    order=$(probe_order "$C")
    in_order "$order" build-2b first-1a first-1b first-2a first-2b every-2a
    in_order "$order" first-1b every-1a every-1b every-1c every-2a
}

@test "arguments of start hooks arrive as a shell would pass them" {
    probe_args_are "$C" first-1a "${ARRIVED[@]}"
    probe_args_are "$C" every-1a "${ARRIVED[@]}"
    probe_args_are "$C" every-2a "${ARRIVED[@]}"
}

@test "first-run hooks of stage-2 find the storage links made" {
    probe_args_are "$C" first-2a /soft/data /hard/image/data
}

@test "start hooks run as root" {
    must docker exec "$C" cat /var/lib/pei-test/who
    has_line "$output" 'first-1a root 0'
    has_line "$output" 'every-2a root 0'
}

@test "a restart runs every-run hooks again and first-run hooks not" {
    must docker exec "$C" sh -c ': >/var/lib/pei-test/order'
    restart
    equal 'every-1a every-1b every-1c every-2a' "$(probe_order "$C")"
}

@test "stage-1's image runs stage-1's hooks alone" {
    start one "$(image 1)"
    wait_for_start "$ID-one"
    equal 'build-1a build-1b build-1c first-1a first-1b every-1a every-1b every-1c' "$(probe_order "$ID-one")"
    discard one
}

@test "a failing every-run hook is reported, the next ones run and ssh comes up" {
    start every "$(image 2)"
    wait_for_start "$ID-every"
    must docker exec "$ID-every" sh -c ': >/var/lib/pei-test/order; : >/etc/pei-test-fail-every-1b'
    restart "$ID-every"
    equal 'every-1a every-1b every-1c every-2a' "$(probe_order "$ID-every")"
    equal 'running 0' "$(state_of "$ID-every")"
    has "$(logs "$ID-every")" flaky.sh
    within 10 docker exec "$ID-every" bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
    discard every
}

@test "what the start hooks did is kept, for all to see, what a failed one said for root, and ssh users are told" {
    must docker exec "$C" sh -c ': >/etc/pei-test-fail-every-1b'
    restart "$C"
    wait_for_ssh "$PORT"
    attempt docker exec --user me "$C" pei-status
    equal 1 "$status"
    has "$output" 'stage-1  on-every-run  stage-1/custom/flaky.sh: failed with status 9'
    has "$output" 'stage-2  on-every-run  stage-2/custom/probe.sh: ok'
    lacks "$output" 'flaky says why'
    attempt docker exec "$C" pei-status
    has "$output" '    flaky says why'
    attempt "$PEI_BIN" status --hooks -p "$PROJECT"
    equal 1 "$status"
    has "$output" '    flaky says why'
    must docker exec "$C" sh -c '! grep -r "two words" /pei-init/log --include="*.hook" && ! find /pei-init/log -name "*.output" -perm /077 | grep .'

    typed_session me 'echo "inner: $(bash -ic : 2>&1 | grep -c failed)"'
    count_is 1 "$output" '^stage-1/custom/flaky.sh \(status 9\)$'
    has "$output" 'inner: 0'
    must ssh_as me "$PASSWORD" "$PORT" true
    lacks "$output" 'hooks failed'

    # More starts than are kept; the hook succeeds again.
    must docker exec "$C" sh -c 'rm /etc/pei-test-fail-every-1b; for n in 2 3 4 5 6 7 8 9 10 11 12; do mkdir -p /pei-init/log/00000$n; done'
    restart "$C"
    wait_for_ssh "$PORT"
    must docker exec "$C" pei-status
    equal 10 "$(docker exec "$C" sh -c 'ls -d /pei-init/log/[0-9]* | wc -l')"
    typed_session me true
    lacks "$output" 'hooks failed'
}

@test "a failing first-run hook is reported, the start continues, and it is tried again until it succeeds" {
    must docker create --label "pei-test=$ID" --name "$ID-first" "$(image 2)"
    : >"$BATS_TEST_TMPDIR/fail"
    must docker cp "$BATS_TEST_TMPDIR/fail" "$ID-first:/etc/pei-test-fail-first-2b"
    must docker start "$ID-first"
    wait_for_start "$ID-first"
    equal 'running 0' "$(state_of "$ID-first")"
    has "$(logs "$ID-first")" flaky.sh
    within 10 docker exec "$ID-first" bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
    in_order "$(probe_order "$ID-first")" first-2b every-2a

    # Still failing: tried again. Stage-1's hooks have succeeded and are done.
    must docker exec "$ID-first" sh -c ': >/var/lib/pei-test/order'
    restart "$ID-first"
    in_order "$(probe_order "$ID-first")" first-2b every-2a
    lacks "$(probe_order "$ID-first")" first-1a

    # No longer failing: tried, done, and left alone from then on.
    must docker exec "$ID-first" sh -c ': >/var/lib/pei-test/order; rm /etc/pei-test-fail-first-2b'
    restart "$ID-first"
    has "$(probe_order "$ID-first")" first-2b
    must docker exec "$ID-first" sh -c ': >/var/lib/pei-test/order'
    restart "$ID-first"
    lacks "$(probe_order "$ID-first")" first-
    discard first
}

@test "a hook whose script is gone is reported and the start continues" {
    mkdir -p "$WORK/none"
    start gone --volume "$WORK/none:/pei-from-host/stage-2/custom:ro" "$(image 2)"
    wait_for_start "$ID-gone"
    equal 'running 0' "$(state_of "$ID-gone")"
    has "$(logs "$ID-gone")" probe.sh
    discard gone
}

@test "an image committed after the first run starts again, and runs no first-run hook" {
    start before "$(image 2)"
    wait_for_start "$ID-before"
    must docker commit "$ID-before" "$ID-committed"
    discard before
    start after "$ID-committed"
    wait_for_start "$ID-after"
    count_is 1 "$(docker exec "$ID-after" cat /var/lib/pei-test/order)" '^first-1a$'
    count_is 2 "$(docker exec "$ID-after" cat /var/lib/pei-test/order)" '^every-1a$'
    within 10 docker exec "$ID-after" bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'
    discard after
}

# ---- on_build failures

@test "a failing build hook fails the build, and the next one does not run" {
    local stage
    project fails
    probe stage-1/custom/probe.sh
    probe stage-2/custom/probe.sh
    for stage in 1 2; do
        hook "stage-$stage/custom/broken.sh" <<'SCRIPT'
echo "about to break"
exit 7
SCRIPT
        config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: $PASSWORD}, ann: {password: $PASSWORD}}}
  custom:
$( ((stage == 2)) || hook_list on_build stage-1/custom/broken.sh 'stage-1/custom/probe.sh never')
    on_entry: []
stage_2:
  $(image_2)
  custom:
$( ((stage == 1)) || hook_list on_build stage-2/custom/broken.sh 'stage-2/custom/probe.sh never')
    on_entry: []
YAML
        build_fails "stage-$stage"
        must cat "$PROJECT.log"
        has "$output" 'about to break'
        has "$output" broken.sh
        must_fail docker image inspect "$(image "$stage")"
    done
}

# ---- on_user_login

# A session that a person types into, and what it shows.
typed_session() {
    local user=$1
    shift
    attempt ssh_typing "$user" "$PASSWORD" "$PORT" < <(printf '%s\n' "$@" 'exit 5')
    # A terminal's line ends.
    output=${output//$'\r'/}
}

@test "an ssh session on a terminal has both stages' login hooks, each once, in order" {
    local user
    for user in me ann; do
        must docker exec "$C" rm -f /var/lib/pei-test/logins
        typed_session "$user" 'echo "seen=$pei_test_seen"; pei_test_function x'
        equal 5 "$status" 'the status of the session'
        has "$output" "seen=[one:--theme=very dark][two:/home/$user]"
        has "$output" 'function of x'
        equal "one $user"$'\n'"two $user" "$(docker exec "$C" cat /var/lib/pei-test/logins)"
    done
}

@test "interactive and login shells of users and of root have the hooks" {
    local user home
    for user in me ann root; do
        home=/home/$user
        [[ $user != root ]] || home=/root
        must docker exec --user "$user" --env "HOME=$home" "$C" bash -lc 'echo "seen=$pei_test_seen"'
        has "$output" "seen=[one:--theme=very dark][two:$home]"
        must docker exec --user "$user" --env "HOME=$home" "$C" bash -ic 'echo "seen=$pei_test_seen"'
        has "$output" "seen=[one:--theme=very dark][two:$home]"
        must docker exec --user "$user" --env "HOME=$home" "$C" bash -lic 'echo "seen=$pei_test_seen"'
        has "$output" "seen=[one:--theme=very dark][two:$home]"
    done
    must docker exec "$C" su - ann -c 'echo "seen=$pei_test_seen"'
    has "$output" 'seen=[one:--theme=very dark][two:/home/ann]'
}

@test "a terminal in the container has the hooks" {
    attempt with_terminal docker exec -it "$C" bash < <(printf '%s\n' 'echo "seen=$pei_test_seen"' exit)
    has "$output" 'seen=[one:--theme=very dark][two:/root]'
}

@test "a shell that is neither interactive nor a login shell has none" {
    must docker exec --user me "$C" bash -c 'echo "seen=${pei_test_seen:-nothing}"'
    equal 'seen=nothing' "$output"
}

@test "ssh with a command prints what the command prints, and nothing else" {
    must ssh_as me "$PASSWORD" "$PORT" 'echo only this'
    equal 'only this' "$output"
    must_end_with 42 ssh_as me "$PASSWORD" "$PORT" 'exit 42'
    equal '' "$output"
}

@test "scp and sftp work without output" {
    printf 'some\0bytes\n' >"$BATS_TEST_TMPDIR/file"
    must scp_to me "$PASSWORD" "$PORT" "$BATS_TEST_TMPDIR/file" /tmp/copied
    equal '' "$output"
    docker exec "$C" cat /tmp/copied >"$BATS_TEST_TMPDIR/back"
    same_bytes "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/back"
    must sftp_to me "$PASSWORD" "$PORT" <<<"put $BATS_TEST_TMPDIR/file /tmp/copied-2"
    must docker exec "$C" cmp /tmp/copied /tmp/copied-2
}

@test "an empty directory mounted over the home keeps neither the login nor the hooks away" {
    local port
    port=$(free_port)
    mkdir -p "$BATS_TEST_TMPDIR/home"
    start home --volume "$BATS_TEST_TMPDIR/home:/home/me" --publish "127.0.0.1:$port:22" "$(image 2)"
    wait_for_ssh "$port"
    attempt ssh_typing me "$PASSWORD" "$port" < <(printf '%s\n' 'echo "seen=$pei_test_seen"' 'exit 0')
    has "${output//$'\r'/}" 'seen=[one:--theme=very dark][two:/home/me]'
    must docker exec --user me --env HOME=/home/me "$ID-home" bash -lc 'echo "seen=$pei_test_seen"'
    has "$output" 'seen=[one:--theme=very dark]'
    discard home
}

# with_login_hook NAME: a container whose first login hook is the text on stdin.
with_login_hook() {
    start "$1" --publish "127.0.0.1:$LOGIN_PORT:22" "$(image 2)"
    docker exec -i "$ID-$1" sh -c 'cat >/pei-from-host/stage-1/custom/login.sh'
    wait_for_ssh "$LOGIN_PORT"
}

# login_works NAME: by ssh with a terminal, with a command, and in login and interactive shells.
login_works() {
    attempt ssh_typing me "$PASSWORD" "$LOGIN_PORT" < <(printf '%s\n' 'echo "still here $((20 + 22))"' 'exit 5')
    equal 5 "$status" 'the status of the session'
    has "$output" 'still here 42'
    must ssh_as me "$PASSWORD" "$LOGIN_PORT" 'echo x'
    equal x "$output"
    must docker exec --user me --env HOME=/home/me "$ID-$1" bash -lc 'echo "still here $((20 + 22))"'
    has "$output" 'still here 42'
    must docker exec "$ID-$1" bash -ic 'echo "still here $((20 + 22))"'
    has "$output" 'still here 42'
    discard "$1"
}

@test "a failing login hook never prevents login" {
    LOGIN_PORT=$(free_port)
    with_login_hook failing <<<'false; no-such-command; return 3'
    login_works failing
}

@test "a login hook that ends the shell never prevents login" {
    LOGIN_PORT=$(free_port)
    with_login_hook exiting <<<'exit 3'
    login_works exiting
}

@test "a login hook that sets strict options and fails never prevents login" {
    LOGIN_PORT=$(free_port)
    with_login_hook strict <<<'set -euo pipefail; false; echo "$no_such_variable"'
    login_works strict
}

@test "a login hook with a syntax error, or none at all, never prevents login" {
    LOGIN_PORT=$(free_port)
    with_login_hook syntax <<<'if true; then ('
    login_works syntax
    start none --publish "127.0.0.1:$LOGIN_PORT:22" "$(image 2)"
    must docker exec "$ID-none" rm /pei-from-host/stage-1/custom/login.sh /pei-from-host/stage-2/custom/login.sh
    wait_for_ssh "$LOGIN_PORT"
    login_works none
}

# ---- on_entry

@test "on_entry gets its configured arguments as a shell would pass them, then the runtime ones" {
    project entry
    hook stage-2/custom/entry.sh <<'SCRIPT'
#!/usr/bin/env bash
printf '<%s>\n' "$@"
SCRIPT
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: $PASSWORD}, ann: {password: $PASSWORD}}}
stage_2:
  $(image_2)
  custom:
$(hook_list on_entry "stage-2/custom/entry.sh $TYPED")
YAML
    build stage-2
    local argument
    must drun "$(image 2)" --verbose 'run time' '$HOME' '*'
    lines=()
    mapfile -t lines <<<"$output"
    for argument in "${ARRIVED[@]}" --verbose 'run time' '$HOME' '*'; do
        has_line "$output" "<$argument>"
    done
    equal "<${ARRIVED[0]}>" "${lines[1]}"
    equal '<*>' "${lines[-1]}"
    equal "$((${#ARRIVED[@]} + 5))" "${#lines[@]}" 'the number of lines'
}
