# A builder that is not the engine's own, as a team or CI has one: it keeps its cache apart, and can export it.
#
# shellcheck shell=bash

# use_builder: starts a BuildKit daemon and sets BUILDER to its name, or skips and says why there is none. At the end:
# leave_builder.
use_builder() {
    local dir=$WORK/builder archive=${PEI_TEST_BUILDKITD:-$REPO/../shared/tools/buildkitd.xz}
    [[ -f $archive ]] || skip "there is no BuildKit daemon: PEI_TEST_BUILDKITD names none"
    ((EUID == 0)) || skip 'a BuildKit daemon of the test needs root'
    command -v runc >/dev/null || skip 'runc is not installed'
    mkdir -p "$dir"
    xz -dc "$archive" >"$dir/buildkitd"
    chmod 755 "$dir/buildkitd"
    cat >"$dir/buildkitd.toml" <<CONF
root = "$dir/root"
[grpc]
  address = ["unix://$dir/socket"]
[worker.oci]
  networkMode = "host"
[worker.containerd]
  enabled = false
CONF
    setsid setpriv --pdeathsig TERM "$dir/buildkitd" --config "$dir/buildkitd.toml" </dev/null >"$dir/log" 2>&1 3>&- &
    printf '%s\n' "$!" >"$dir/pid"
    BUILDER=$ID-builder
    within 30 test -S "$dir/socket" || fail "$(tail -n 20 "$dir/log")"
    must docker buildx create --name "$BUILDER" --driver remote "unix://$dir/socket"
}

leave_builder() {
    local dir=$WORK/builder
    [[ -f $dir/pid ]] || return 0
    docker buildx rm "$ID-builder" >/dev/null 2>&1 || true
    kill "$(<"$dir/pid")" 2>/dev/null || true
    within 30 __has_ended "$(<"$dir/pid")"
    rm -rf -- "$dir"
}
