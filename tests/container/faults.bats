#!/usr/bin/env bats
# Faults: full and read-only volumes, kills, wrong owners and clocks. ssh starts if it can, the log says what
# happened, and no data is lost.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

PASSWORD=faults-Pw1

setup_file() {
    begin_file
    PORT=$(free_port)
    export PORT
    new_key "$WORK/key" -t ed25519
    project faults
    probe stage-2/custom/probe.sh
    hook stage-2/custom/steered.sh <<'SCRIPT'
#!/usr/bin/env bash
# usage: steered KIND: hangs where the environment asks for it; the first-run one just once.
printf '%s began\n' "$1" >>/var/lib/pei-test/steered
if [[ ${PEI_TEST_HANG:-} == "$1" && ! -e /var/lib/pei-test/hung ]]; then
    : >/var/lib/pei-test/hung
    sleep 300
fi
printf '%s ended\n' "$1" >>/var/lib/pei-test/steered
SCRIPT
    config <<YAML
stage_1:
  $(image_1)
  ssh: {users: {me: {password: $PASSWORD, uid: 1000, pubkey_text: '$(<"$WORK/key.pub")'}}}
stage_2:
  $(image_2)
  custom:
    on_first_run: ['stage-2/custom/probe.sh before', 'stage-2/custom/steered.sh first']
    on_every_run: ['stage-2/custom/steered.sh every']
YAML
    build stage-2
    # The last test checks it, when it has hung long enough.
    start slow --env PEI_TEST_HANG=every "$(image 2)"
}

teardown_file() {
    end_file
}

setup() {
    project faults
    IMAGE=$(image 2)
    BOX=$ID-box
}

teardown() {
    discard box hold 2>/dev/null
}

# box ARG...: a container `box` of the image, reachable by ssh, with these options of docker run. Making host keys takes
# longer than all other steps, so tests that are not about keys use those of the first container.
box() {
    box_with_own_keys --volume "$ID-host-keys:/pei-init/ssh-host-keys" "$@"
}

box_with_own_keys() {
    start box --publish "127.0.0.1:$PORT:22" "$@" "$IMAGE"
}

# password_logs_in, key_logs_in: log in to the box, and check that the session prints nothing else.
password_logs_in() {
    wait_for_ssh "$PORT"
    must ssh_as me "$PASSWORD" "$PORT" 'echo "in as $(id -un)"'
    # A shell that may not read the home says so, before or after the output.
    has_line "$output" 'in as me'
}

key_logs_in() {
    must ssh_by_key me "$WORK/key" "$PORT" 'echo "in as $(id -un)"'
}

# silent: the start has printed nothing but its branch.
silent() {
    equal 'Entrypoint branch: sleep fallback' "$(logs "$BOX")" 'what the start prints'
}

# full_volumes NAME...: 64 KB each, gone already but for a file `kept`. Another container, `hold`, keeps them mounted.
full_volumes() {
    local name options=()
    for name; do
        must docker volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt o=size=64k "$ID-$name"
        options+=(--volume "$ID-$name:/full/$name")
    done
    start hold "${options[@]}" --entrypoint sh "$IMAGE" -c 'for volume in /full/*; do
            echo precious >$volume/kept
            cat /dev/zero >$volume/zero 2>/dev/null
        done
        : >/ready
        exec sleep 600'
    within 10 docker exec "$ID-hold" test -e /ready
}

# ---- full

@test "full volumes under the storage and a home keep nobody out and lose nothing" {
    full_volumes data home
    box --volume "$ID-data:/hard/volume/data" --volume "$ID-home:/home/me"
    password_logs_in
    wait_for_start "$BOX"
    silent
    equal /hard/volume/data "$(in_c "$BOX" -- readlink /soft/data)"
    equal $'precious\nprecious' "$(in_c "$BOX" -- cat /soft/data/kept /home/me/kept)"
}

@test "a full volume of the host keys: ssh answers on keys of this start, and the log says so" {
    full_volumes keys
    box_with_own_keys --volume "$ID-keys:/pei-init/ssh-host-keys"
    password_logs_in
    has "$(logs "$BOX")" 'cannot write host keys to /pei-init/ssh-host-keys (is the volume full or read-only?)'
    equal precious "$(in_c "$BOX" -- cat /pei-init/ssh-host-keys/kept)"
    # The remains of this attempt would disturb the next one.
    must_fail in_c "$BOX" -- sh -c 'ls /pei-init/ssh-host-keys/ssh_host_*'
    must in_c "$ID-hold" -- rm /full/keys/zero
    restart "$BOX"
    password_logs_in
    must in_c "$BOX" -- test -s /pei-init/ssh-host-keys/ssh_host_ed25519_key
}

@test "if /pei-init is not writable, first-run hooks run, and the log says that they will run again" {
    box_with_own_keys --tmpfs /pei-init:nr_inodes=1
    password_logs_in
    wait_for_start "$BOX"
    has "$(logs "$BOX")" 'cannot record in /pei-init that the first-run hooks of stage-2 succeeded; they run again at the next start'
    has "$(logs "$BOX")" 'ssh sessions may lack variables'
    has_line "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)" 'first ended'
}

@test "with a full /tmp the variables reach ssh sessions whole" {
    box --tmpfs /tmp:nr_inodes=1 --env "SHORT=a b" --env "ODD=it's #1" --env "LONG=$(printf '%04000d' 7)"
    password_logs_in
    wait_for_start "$BOX"
    silent
    must ssh_as me "$PASSWORD" "$PORT" 'printenv SHORT ODD LONG PEI_STAGE_DIR_2'
    equal "a b"$'\n'"it's #1"$'\n'"$(printf '%04000d' 7)"$'\n/pei-from-host/stage-2' "$output"
}

# ---- read-only

@test "host keys in a read-only directory are used unchanged" {
    local keys=$WORK/read-only-keys type
    mkdir -p "$keys"
    for type in ed25519 ecdsa rsa; do new_key "$keys/ssh_host_${type}_key" -t "$type"; done
    box_with_own_keys --volume "$keys:/pei-init/ssh-host-keys:ro"
    password_logs_in
    wait_for_start "$BOX"
    silent
    equal "$(cut -d ' ' -f 1,2 "$keys"/*.pub | sort)" "$(host_keys "$PORT")" 'the host keys'
}

@test "host keys that others may read are closed, not replaced, and one that sshd cannot use is put aside" {
    local keys=$WORK/open-keys type
    mkdir -p "$keys"
    for type in ed25519 ecdsa; do new_key "$keys/ssh_host_${type}_key" -t "$type"; done
    must ssh-keygen -q -t rsa -N 'a passphrase' -f "$keys/ssh_host_rsa_key"
    cp "$keys/ssh_host_rsa_key" "$WORK/closed-key"
    chmod 755 "$keys"
    chmod 644 "$keys"/*
    box_with_own_keys --volume "$keys:/pei-init/ssh-host-keys"
    password_logs_in
    local served
    served=$(host_keys "$PORT")
    for type in ed25519 ecdsa; do has_line "$served" "$(cut -d ' ' -f 1,2 "$keys/ssh_host_${type}_key.pub")"; done
    count_is 1 "$served" '^ssh-rsa '
    same_bytes "$WORK/closed-key" "$keys/ssh_host_rsa_key.unusable"
}

@test "read-only directories in the storage's place are linked without a message, a new volume too" {
    mkdir -p "$WORK/read-only"
    echo precious >"$WORK/read-only/kept"
    box --volume "$WORK/read-only:/hard/volume/data:ro" --volume "$ID-new:/hard/volume/app:ro"
    password_logs_in
    wait_for_start "$BOX"
    silent
    equal precious "$(in_c "$BOX" -- cat /soft/data/kept)"
    equal /hard/volume/app "$(in_c "$BOX" -- readlink /soft/app)"
}

@test "a read-only container with a tmpfs at /run is logged in to, and the log names what it cannot write" {
    box --read-only --tmpfs /tmp --tmpfs /run --tmpfs /var/lib/pei-test
    password_logs_in
    key_logs_in
    wait_for_start "$BOX"
    local text
    for text in /etc/environment /soft/data 'first-run hooks of stage-2'; do has "$(logs "$BOX")" "$text"; done
    lacks "$(logs "$BOX")" 'ssh is off'
}

@test "where ssh cannot come up the log says what it lacks, and the container continues" {
    must drun --read-only "$IMAGE" --no-block -- echo "it goes on"
    has "$output" 'ssh is off: cannot write to /run (a read-only container needs a tmpfs there)'
    has_line "$output" 'it goes on'
    must drun --user 1000:1000 "$IMAGE" --no-block -- echo "it goes on"
    has "$output" 'ssh is off: it needs a container whose user is root, and this one runs with uid 1000'
    has_line "$output" 'it goes on'
}

# ---- no network

@test "without a network, and without IPv6, the start is silent and sshd answers inside" {
    local option
    for option in --network=none --sysctl=net.ipv6.conf.all.disable_ipv6=1; do
        start box "$option" --volume "$ID-host-keys:/pei-init/ssh-host-keys" "$IMAGE"
        wait_for_start "$BOX"
        silent
        must in_c "$BOX" -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/22; read -r -t 5 x <&3; [[ $x == SSH-2.0* ]]'
        discard box
    done
}

# ---- killed

@test "killed in the middle of a first-run hook, it continues with that hook at the next start" {
    box --env PEI_TEST_HANG=first
    within 20 docker exec "$BOX" test -e /var/lib/pei-test/hung
    must docker kill --signal KILL "$BOX"
    must docker start "$BOX"
    password_logs_in
    count_is 1 "$(probe_order "$BOX" | tr ' ' '\n')" '^before$'
    equal $'first began\nfirst began\nfirst ended\nevery began\nevery ended' "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)"
    must in_c "$BOX" -- test -e /pei-init/stage-2-init-done
}

@test "killed while it writes /etc/environment, it leaves the old file, and the next start writes the new one alone" {
    must docker create --label "pei-test=$ID" --name "$BOX" --publish "127.0.0.1:$PORT:22" --env AFTER=restart \
        --volume "$ID-host-keys:/pei-init/ssh-host-keys" "$IMAGE"
    # Stops before the file gets its name, once.
    cat >"$WORK/mv" <<'SCRIPT'
#!/bin/sh
for target; do :; done
if [ "$target" = /etc/environment ] && [ ! -e /etc/pei-test-stopped ]; then
    : >/etc/pei-test-stopped
    sleep 300
fi
exec /usr/bin/mv-itself "$@"
SCRIPT
    chmod 755 "$WORK/mv"
    # Start scripts look for programs only in the system's own directories.
    must docker cp "$BOX:/usr/bin/mv" "$WORK/mv-itself"
    must docker cp "$WORK/mv-itself" "$BOX:/usr/bin/mv-itself"
    must docker cp "$WORK/mv" "$BOX:/usr/bin/mv"
    printf '# by hand\nBY_HAND=kept\n' >"$WORK/environment"
    must docker cp "$WORK/environment" "$BOX:/etc/environment"
    must docker start "$BOX"
    within 10 docker exec "$BOX" test -e /etc/pei-test-stopped
    equal "$(<"$WORK/environment")" "$(in_c "$BOX" -- cat /etc/environment)"
    must docker kill --signal KILL "$BOX"
    must docker start "$BOX"
    password_logs_in
    must ssh_as me "$PASSWORD" "$PORT" 'printenv AFTER BY_HAND'
    equal $'restart\nkept' "$output"
    must in_c "$BOX" -- bash -c 'shopt -s nullglob dotglob; echo /etc/.pei* /pei-init/.pei* /tmp/*'
    equal '' "$output" 'what is left behind'
}

# ---- again and again

# Every file with its size and content, except the pid of sshd, the files of this test's hook, and the records of
# the last starts, which the test counts.
EVERYTHING='find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /pei-init/log \) -prune -o -printf "%p %l\n" | sort
    find / -xdev -type f ! -path "/proc/*" ! -path "/sys/*" ! -path "/dev/*" ! -path "/pei-init/log/*" ! -name sshd.pid ! -name steered -newer /pei-test-began -exec cksum {} + | sort'

@test "after fifty starts the file system is what it was after the first" {
    start box --volume "$ID-host-keys:/pei-init/ssh-host-keys" --env "ODD=it's #1" --entrypoint bash "$IMAGE" -c 'touch /pei-test-began; exec sleep 600'
    # An entrypoint that is run by hand does what a start does; the engine's own part of it would take half a minute.
    local again='/entrypoint.sh --no-block && kill "$(</run/sshd.pid)" && while [[ -e /run/sshd.pid ]]; do sleep 0.01; done' first
    must in_c "$BOX" -- bash -c "$again"
    first=$(in_c "$BOX" -- bash -c "$EVERYTHING")
    must in_c "$BOX" -- bash -c "for i in {1..49}; do $again || exit; done"
    count_is 49 "$output" '^Entrypoint branch: no-block exit$'
    count_is 49 "$output" .
    equal "$first" "$(in_c "$BOX" -- bash -c "$EVERYTHING")" 'the file system'
    equal '10 20' "$(in_c "$BOX" -- sh -c 'cd /pei-init/log && echo "$(ls | wc -l) $(find . -type f | wc -l)"')" 'the records: starts, files'
    count_is 50 "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)" '^every ended$'
    count_is 1 "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)" '^first ended$'
}

@test "restarts keep the host keys; a container of an image that was committed has keys of its own" {
    local before
    box_with_own_keys
    wait_for_ssh "$PORT"
    before=$(host_keys "$PORT")
    restart "$BOX"
    wait_for_ssh "$PORT"
    equal "$before" "$(host_keys "$PORT")" 'the host keys after a restart'
    must docker commit "$BOX" "$ID-committed"
    discard box
    start box --publish "127.0.0.1:$PORT:22" "$ID-committed"
    password_logs_in
    [[ $(host_keys "$PORT") != "$before" ]] || fail 'a new container bears the keys of the old one' "$before"
    count_is 1 "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)" '^first ended$'
    before=$(host_keys "$PORT")
    restart "$BOX"
    wait_for_ssh "$PORT"
    equal "$before" "$(host_keys "$PORT")" 'the host keys after a restart'
}

# ---- wrong clocks and owners

@test "an image from the far past or the future logs in, and what has run once does not run again" {
    local day
    box
    wait_for_start "$BOX"
    for day in 1971-01-01 2099-12-31; do
        # As if the account and all of pei's state were made on that day: the clock has jumped since.
        must in_c "$BOX" -- sh -c "chage -d $day me && find /pei-init /etc/shadow /etc/environment /etc/ssh -exec touch -h -d $day {} +"
        restart "$BOX"
        password_logs_in
        key_logs_in
    done
    count_is 1 "$(in_c "$BOX" -- cat /var/lib/pei-test/steered)" '^first ended$'
}

@test "a step of a build keeps no copy of a script that the host's clock dates in the future" {
    cp -r "$PROJECT/installation" "$WORK/from-the-future"
    touch -d 2099-12-31 "$WORK/from-the-future/stage-2/custom/new.sh"
    must drun --volume "$WORK/from-the-future:/pei-build/files:ro" --entrypoint bash "$IMAGE" -c '
        bash /pei-build/files/stage-1/lib/run-build-hook.sh stage-2/custom/probe.sh "$1" && ls /pei-from-host/stage-2/custom' \
        bash 'of-the-step'
    lacks_line "$output" new.sh
    has_line "$output" probe.sh
}

@test "no account of an image expires" {
    local account
    for account in root me; do
        must drun --entrypoint chage "$IMAGE" -l "$account"
        count_is 3 "$output" ': never$'
    done
}

@test "directories of the host that belong to others keep owner and mode, a password logs in, and the log names the home" {
    mkdir -p "$WORK/home" "$WORK/data"
    chown 4242:4242 "$WORK/home" "$WORK/data"
    chmod 700 "$WORK/home"
    chmod 750 "$WORK/data"
    box --volume "$WORK/home:/home/me" --volume "$WORK/data:/hard/volume/data"
    password_logs_in
    wait_for_start "$BOX"
    has "$(logs "$BOX")" '/home/me belongs to uid 4242, and me has uid 1000: sshd ignores the keys in it, and takes only those of user_config.yml and a password'
    equal /hard/volume/data "$(in_c "$BOX" -- readlink /soft/data)"
    equal $'4242:4242 700\n4242:4242 750' "$(stat -c '%u:%g %a' "$WORK/home" "$WORK/data")"
}

# ---- hooks that hang

@test "a start hook that hangs is named in the log after half a minute" {
    within 35 slow_is_told
    has "$(logs "$ID-slow")" 'pei: the hook stage-2/custom/steered.sh has been running for 30 s; the start, and ssh, wait for it'
    discard slow
}

slow_is_told() {
    [[ $(logs "$ID-slow") == *'has been running'* ]]
}
