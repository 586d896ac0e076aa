# An engine that keeps the attestations of a build beside the image. One with the older image store refuses to make them,
# so then the file gets an engine of its own, with the newer store and without a network.
#
# shellcheck shell=bash

# use_attesting_engine IMAGE: `docker` speaks to such an engine from here on, and IMAGE is there. Where there is none to be
# had, it goes on with the machine's, and $NO_ATTESTATIONS says why. At the end: leave_attesting_engine.
use_attesting_engine() {
    local dir=$WORK/engine
    export NO_ATTESTATIONS=
    ! __keeps_attestations || return 0
    # Where scripts/engine.sh unpacks one; a machine with an engine of its own has it in its PATH.
    local PATH=/opt/pei-engine/usr/bin:/opt/pei-engine/usr/sbin:$PATH
    if ((EUID != 0)); then
        NO_ATTESTATIONS="the engine's image store keeps none, and an engine of the test's own needs root"
    elif ! command -v dockerd >/dev/null || ! command -v containerd >/dev/null; then
        NO_ATTESTATIONS="the engine's image store keeps none, and there is no dockerd for another engine"
    else
        __start_engine "$dir"
        docker save "$1" | docker --host "unix://$dir/socket" load >/dev/null
        export DOCKER_HOST=unix://$dir/socket
        __keeps_attestations || fail 'the engine has the older image store nevertheless'
    fi
}

# __start_engine DIR: it shares nothing with the machine's, also not a containerd that the machine has. Both of its processes
# end with the file's, also where that is killed.
__start_engine() {
    local dir=$1
    mkdir -p "$dir"
    cat >"$dir/containerd.toml" <<CONF
version = 2
root = "$dir/containerd"
state = "$dir/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$dir/containerd.sock"
CONF
    printf '{"features": {"containerd-snapshotter": true}}\n' >"$dir/daemon.json"
    __daemon "$dir/log" containerd --config "$dir/containerd.toml"
    __daemon "$dir/log" dockerd --config-file "$dir/daemon.json" --containerd "$dir/containerd.sock" --data-root "$dir/data" \
        --exec-root "$dir/run/docker" --host "unix://$dir/socket" --pidfile "$dir/pid" --bridge none --iptables=false --ip6tables=false
    within 60 docker --host "unix://$dir/socket" info || fail "$(tail -n 20 "$dir/log")"
}

# __daemon LOG CMD...: without a network of the machine, where an engine without a bridge takes docker0 away.
__daemon() {
    local log=$1
    shift
    setsid setpriv --pdeathsig TERM unshare --net -- "$@" </dev/null >>"$log" 2>&1 3>&- &
    printf '%s\n' "$!" >>"$WORK/engine/pids"
}

__keeps_attestations() {
    docker info --format '{{json .DriverStatus}}' | grep -q io.containerd.snapshotter
}

# An engine ends the containers that it has, and with it all its images are gone.
leave_attesting_engine() {
    local pid
    unset DOCKER_HOST
    [[ -f $WORK/engine/pids ]] || return 0
    # The one that was started last goes first.
    while read -r pid; do
        kill "$pid" 2>/dev/null || continue
        within 60 __has_ended "$pid"
    done < <(tac "$WORK/engine/pids")
}

__has_ended() {
    ! kill -0 "$1" 2>/dev/null
}
