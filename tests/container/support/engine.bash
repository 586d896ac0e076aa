# Other engines, each in a container of its own: none of them touches the machine's networks, rules or images.
#
# shellcheck shell=bash

# start_engine NAME IMAGE CMD...: CMD, in a privileged container of the image, is a dockerd; its socket is $WORK/NAME/socket.
# It gets the image $ID-full, whose name is the same there.
start_engine() {
    local name=$1 image=$2
    shift 2
    mkdir -p "$WORK/$name"
    start "$name" --privileged --volume "$WORK/$name:/engine" --volume "$ID-$name:/var/lib/docker" "$image" \
        "$@" --host unix:///engine/socket --mtu "$(docker network inspect bridge \
            --format '{{or (index .Options "com.docker.network.driver.mtu") "1500"}}')"
    within 60 engine_answers "$name"
    docker save "$ID-full" | must with_engine "$name" docker load
}

# stop_engine NAME: the container and all that the engine has stored.
stop_engine() {
    discard "$1"
    must docker volume rm --force "$ID-$1"
}

engine_answers() {
    with_engine "$1" docker version --format '{{.Server.Version}}'
}

# with_engine NAME CMD...
with_engine() {
    DOCKER_HOST=unix://$WORK/$1/socket "${@:2}"
}

# Where the ports are that this engine publishes.
engine_address() {
    docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$ID-$1"
}

# derive_newest NAME: an image with the newest docker of Debian (unstable's), and its client and plugins in /opt/engine. Fails
# where that release is out of reach, or its programs do not run on this base.
derive_newest() {
    derive "$1" <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends runc iptables \
 && sed -E 's/ (bookworm|trixie)[^ ]*/ sid/g' /etc/apt/sources.list >/etc/apt/sources.list.d/sid.list \
 && apt-get -q update && mkdir /newest && cd /newest && chmod 777 . \
 && apt-get -q download docker.io/sid docker-cli/sid containerd/sid docker-buildx/sid docker-compose/sid \
 && for deb in *.deb; do dpkg -x "$deb" /opt/engine; done && rm -rf /newest /var/lib/apt/lists/*
RUN for program in usr/sbin/dockerd usr/bin/docker usr/bin/containerd usr/libexec/docker/cli-plugins/docker-compose; do \
      "/opt/engine/$program" --version || exit; done
ENV PATH=/opt/engine/usr/sbin:/opt/engine/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DOCKERFILE
}

# use_plugins NAME: `docker compose` and `docker buildx` are those of the image $ID-NAME.
use_plugins() {
    local config=$WORK/plugins-of-$1
    mkdir -p "$config"
    must docker create --name "$ID-plugins" --label "pei-test=$ID" "$ID-$1" true
    must docker cp "$ID-plugins:/opt/engine/usr/libexec/docker/cli-plugins" "$config/cli-plugins"
    discard plugins
    export DOCKER_CONFIG=$config
}
