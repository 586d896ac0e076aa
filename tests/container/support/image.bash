# Images: their history and their layers.
#
# shellcheck shell=bash

# unpack_image IMAGE DIR: the parts of `docker save`; DIR/layers.txt names every file of every layer.
unpack_image() {
    local part
    mkdir -p "$2"
    docker save "$1" | tar -x -C "$2"
    : >"$2/layers.txt"
    while IFS= read -r -d '' part; do
        # A layer may be compressed, depending on the engine's store.
        if [[ $(head -c 2 "$part" | od -An -tx1) == ' 1f 8b' ]]; then
            zcat "$part" >"$part.plain"
            mv "$part.plain" "$part"
        fi
        tar -t -f "$part" >>"$2/layers.txt" 2>/dev/null || true
    done < <(find "$2" -type f ! -name layers.txt -print0)
    [[ -s $2/layers.txt ]] || fail "found no layers in $1"
}

# files_holding DIR TEXT: the parts of an unpacked image in which the bytes stand.
files_holding() {
    grep -rlaF -e "$2" "$1" || true
}

# file_in_image IMAGE PATH
file_in_image() {
    drun --entrypoint cat "$1" "$2"
}

# derive NAME [BASE]: an image $ID-NAME from the Dockerfile text on stdin, which goes on after FROM.
derive() {
    local name=$ID-$1 from=${2:-$BASE}
    { printf 'FROM %s\n' "$from" && cat; } >"$WORK/$name.Dockerfile"
    mkdir -p "$WORK/empty"
    __logged "$WORK/$name.log" docker build --pull=false --label "pei-test=$ID" --tag "$name" \
        --file "$WORK/$name.Dockerfile" "$WORK/empty"
}

# derive_full NAME [BASE]: an image that has every package which a build installs, so that a build need not. Its last layer is
# this run's own: a label alone would not keep the engine from taking what an earlier run has built on the same layers.
derive_full() {
    derive "$@" <<DOCKERFILE
RUN apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends ca-certificates \\
    sudo nano micro git net-tools curl tmux unzip openssh-server sshpass xauth less patch netbase psmisc \\
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
RUN echo '$ID' >/etc/pei-test-run
DOCKERFILE
}

# derive_tiny NAME TOOLS: an image with no more than a shell, and no list of accounts. TOOLS is one with busybox-static.
derive_tiny() {
    # Its own in each run, or what it builds would stand in the cache.
    derive "$1" "$2 AS tools" <<DOCKERFILE
RUN mkdir -p /root/tiny/bin && cp /bin/busybox /root/tiny/bin/sh && echo $ID >/root/tiny/made-by
FROM scratch
COPY --from=tools /root/tiny /
DOCKERFILE
}
