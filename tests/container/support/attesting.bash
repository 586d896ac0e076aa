# An engine that keeps the attestations of a build beside the image. One with the older image store refuses to make them,
# so then the file gets an engine of its own, with the newer store and without a network.
#
# shellcheck shell=bash

# use_attesting_engine IMAGE: `docker` speaks to such an engine from here on, and IMAGE is there. Where there is none to be
# had, it goes on with the machine's, and $NO_ATTESTATIONS says why. At the end: leave_attesting_engine.
use_attesting_engine() {
    local dir=$WORK/engine socket=unix://$WORK/engine/socket
    export NO_ATTESTATIONS=
    ! __keeps_attestations || return 0
    # Where scripts/engine.sh unpacks one; a machine with an engine of its own has it in its PATH.
    local PATH=/opt/pei-engine/usr/bin:/opt/pei-engine/usr/sbin:$PATH
    if ((EUID != 0)); then
        NO_ATTESTATIONS="the engine's image store keeps none, and an engine of the test's own needs root"
    elif ! command -v dockerd >/dev/null; then
        NO_ATTESTATIONS="the engine's image store keeps none, and there is no dockerd for another engine"
    else
        mkdir -p "$dir"
        printf '{"features": {"containerd-snapshotter": true}}\n' >"$dir/daemon.json"
        setsid dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/run" --host "$socket" \
            --pidfile "$dir/pid" --bridge none --iptables=false --ip6tables=false </dev/null >"$dir/log" 2>&1 3>&- &
        within 30 docker --host "$socket" info || fail "$(tail -n 20 "$dir/log")"
        docker save "$1" | docker --host "$socket" load >/dev/null
        export DOCKER_HOST=$socket
        __keeps_attestations || fail 'the engine has the older image store nevertheless'
    fi
}

__keeps_attestations() {
    docker info --format '{{json .DriverStatus}}' | grep -q io.containerd.snapshotter
}

# An engine ends the containers that it has, and with it all its images are gone.
leave_attesting_engine() {
    local pid
    unset DOCKER_HOST
    [[ -f $WORK/engine/pid ]] || return 0
    pid=$(<"$WORK/engine/pid")
    kill "$pid"
    within 60 __has_ended "$pid"
}

__has_ended() {
    ! kill -0 "$1" 2>/dev/null
}
