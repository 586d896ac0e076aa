# A team: machines with engines of their own, and a registry between them.
#
# Each engine is a second dockerd of the machine's program, with its own data and a bridge of its own: with `--bridge none`
# it would remove docker0, which is the machine's engine's. It changes none of the machine's rules, so a container there
# has no network.
#
# shellcheck shell=bash

# team_base: an image $ID-team-base that has every package which a build installs, and little else: it is saved, sent and
# unpacked often.
team_base() {
    derive_full full
    derive team-base "$ID-full AS full" <<'DOCKERFILE'
RUN rm -rf /var/cache/apt/* /usr/share/doc /usr/share/locale /usr/share/man /usr/share/perl /usr/lib/git-core
FROM scratch
COPY --from=full / /
DOCKERFILE
}

# team_engine NAME classic|containerd: starts an engine and hands it the image $ID-team-base.
team_engine() {
    local dir=$WORK/engine-$1 containerd=false
    [[ $2 == classic ]] || containerd=true
    mkdir -p "$dir"
    printf '{"features": {"containerd-snapshotter": %s}}\n' "$containerd" >"$dir/daemon.json"
    local path=/opt/pei-engine/usr/sbin:/opt/pei-engine/usr/bin:/usr/sbin:$PATH
    ((EUID == 0)) || cannot_be_tested 'a second engine needs root'
    PATH=$path command -v dockerd >/dev/null || cannot_be_tested 'there is no dockerd to start a second time'
    __add_bridge >"$dir/bridge"
    PATH=$path setsid setpriv --pdeathsig TERM dockerd --config-file "$dir/daemon.json" --data-root "$dir/root" \
        --exec-root "$dir/exec" --pidfile "$dir/pidfile" --host "unix://$dir/socket" --bridge "$(<"$dir/bridge")" \
        --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --host-gateway-ip 127.0.0.1 \
        </dev/null >"$dir/log" 2>&1 3>&- &
    printf '%s\n' "$!" >"$dir/pid"
    within 60 on "$1" docker info || fail "$(tail -n 20 "$dir/log")"
    docker save "$ID-team-base" | must on "$1" docker load --quiet
}

# Makes a bridge with an address, both of which nobody has, and prints its name.
__add_bridge() {
    local number name
    for number in {0..250}; do
        name=peit$number
        ip link add "$name" type bridge 2>/dev/null || continue
        ip address add "10.213.$number.1/24" dev "$name" && ip link set "$name" up || fail "cannot set up the bridge $name"
        printf '%s\n' "$name"
        return
    done
    fail 'cannot add a bridge'
}

# on NAME CMD...: with that engine.
on() {
    DOCKER_HOST=unix://$WORK/engine-$1/socket "${@:2}"
}

# team_registry NAME [USER:HASH]: a registry on loopback, with a login where one is given; sets REGISTRY.
team_registry() {
    local dir=$WORK/registry-$1 port
    command -v docker-registry >/dev/null || cannot_be_tested 'docker-registry is not installed'
    mkdir -p "$dir"
    port=$(cat "$dir/port" 2>/dev/null || free_port)
    printf '%s\n' "$port" >"$dir/port"
    REGISTRY=127.0.0.1:$port
    {
        printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: "%s/data"}, delete: {enabled: true}}\n' "$dir"
        printf 'http: {addr: "%s"}\n' "$REGISTRY"
        if (($# > 1)); then
            printf '%s\n' "$2" >"$dir/htpasswd"
            printf 'auth: {htpasswd: {realm: team, path: "%s/htpasswd"}}\n' "$dir"
        fi
    } >"$dir/config.yml"
    # A test may start it anew for the tests behind it.
    setsid docker-registry serve "$dir/config.yml" </dev/null >"$dir/log" 2>&1 3>&- &
    printf '%s\n' "$!" >"$dir/pid"
    within 10 registry_answers "$REGISTRY"
}

registry_answers() {
    [[ $(curl -s -o /dev/null -w '%{http_code}' "http://$1/v2/") == [24]0[01] ]]
}

# leave_team: ends all of it, and removes what the engines have stored. Fails if anything of it is left.
leave_team() {
    local dir place bridges=()
    for dir in "$WORK"/engine-* "$WORK"/registry-*; do
        team_end "${dir#"$WORK/"}"
        [[ ! -s $dir/bridge ]] || bridges+=("$(<"$dir/bridge")")
    done
    for place in "${bridges[@]}"; do ip link delete "$place"; done
    # A build that was killed leaves its mounts behind, and an engine that ends does not remove them.
    while read -r place; do umount "$place" || umount --lazy "$place"; done < <(__team_mounts)
    rm -rf --one-file-system -- "$WORK"/engine-* "$WORK"/registry-*
    equal '' "$(compgen -G "$WORK/engine-*" || compgen -G "$WORK/registry-*" || true)" 'directories that are left'
    equal '' "$(__team_mounts)" 'mounts that are left'
    equal '' "$(pgrep -af "$WORK/(engine|registry)-" || true)" 'processes that are left'
    for place in "${bridges[@]}"; do [[ ! -e /sys/class/net/$place ]] || fail "the bridge $place is left"; done
}

# The mounts below the engines' directories, the innermost first.
__team_mounts() {
    awk -v dir="$WORK/engine-" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac
}

# team_end engine-NAME|registry-NAME
team_end() {
    local pid
    [[ -f $WORK/$1/pid ]] || return 0
    pid=$(<"$WORK/$1/pid")
    kill "$pid" 2>/dev/null || true
    within 30 __has_gone "$pid"
}

__has_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# clone NAME UMASK: the project as git hands it on, in another place and under that umask: without .pei, with the x bit alone.
clone() {
    local target=$WORK/of-$1/somewhere/deep
    rm -rf -- "$WORK/of-$1"
    mkdir -p "${target%/*}"
    (
        umask "$2"
        git -c init.defaultBranch=main init -q "$PROJECT" 2>/dev/null
        git -C "$PROJECT" add -A
        git -C "$PROJECT" -c user.name=t -c user.email=t@localhost commit -q -m state || true
        git clone -q "$PROJECT" "$target"
        cp "$PROJECT/user_config.yml" "$target/user_config.yml"
    )
    PROJECT=$target
    configure
}

# pei_build ENGINE [ARG...]: the log is kept in $LOG.
pei_build() {
    local engine=$1
    shift
    LOG=$WORK/build-$engine.log
    on "$engine" __logged "$LOG" "$PEI_BIN" build -p "$PROJECT" "$@" -- --progress plain
}

# content ENGINE IMAGE: what an engine has in an image: names, modes, owners, sizes, targets of links, and sums.
content() {
    on "$1" docker run --rm --network none --entrypoint sh "$2" -c '
        find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc/hostname -o -path /etc/hosts \
            -o -path /etc/resolv.conf \) -prune -o -printf "%p %y %m %U %G %l\n"
        find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /etc/hostname -o -path /etc/hosts \
            -o -path /etc/resolv.conf \) -prune -o -type f -exec cksum {} + | sed "s/^\([0-9]* [0-9]*\) \(.*\)/\2 \1/"' | sort
}

# blobs DIR: everything that a registry has, unpacked, each in a file.
blobs() {
    local blob
    mkdir -p "$1"
    while IFS= read -r -d '' blob; do
        if ! zcat "$blob" >"$1/$(basename "$(dirname "$blob")")" 2>/dev/null; then
            cp "$blob" "$1/$(basename "$(dirname "$blob")")"
        fi
    done < <(find "$WORK/registry-open/data/docker/registry/v2/blobs" -name data -print0)
}

# team_builder: a BuildKit daemon that takes images from the registry; sets BUILDER. At the end: leave_builder.
team_builder() {
    use_builder
    local dir=$WORK/builder
    kill "$(<"$dir/pid")"
    within 30 __has_gone "$(<"$dir/pid")"
    rm -f -- "$dir/socket"
    printf '[registry."%s"]\n  http = true\n' "$REGISTRY" >>"$dir/buildkitd.toml"
    setsid setpriv --pdeathsig TERM "$dir/buildkitd" --config "$dir/buildkitd.toml" </dev/null >"$dir/log" 2>&1 3>&- &
    printf '%s\n' "$!" >"$dir/pid"
    within 30 test -S "$dir/socket" || fail "$(tail -n 20 "$dir/log")"
}
