#!/usr/bin/env bash
# Get a Docker engine and a Debian base image on a Debian 12 machine that can only reach Debian's packages.
#
# Usage:   engine.sh up | base [NAME] | down | status      (engine.sh --help tells more)
# Reads:   PEI_ENGINE_MIRROR, XDG_CACHE_HOME, http_proxy, https_proxy; the machine's apt sources, apt configuration
#          and own certificates
# Root:    for `up` when no usable engine runs, for `base` when no tarball is kept, for `down`
# Network: the Debian mirror which the machine's apt sources name
#
# Debian 12's own docker.io (20.10) cannot use `host-gateway` in a build, so the engine comes from Debian 13:
# its packages are unpacked into their own directory, and dpkg does not know about them.
set -Eeuo pipefail
shopt -s inherit_errexit

readonly HOST_SUITE=bookworm ENGINE_SUITE=trixie
# tini is what docker-init, for containers with `init: true`, links to.
readonly ENGINE_PACKAGES=(docker.io docker-cli containerd docker-buildx docker-compose tini)
# Debian 13's runc needs a newer C library than Debian 12 has.
readonly HOST_PACKAGES=(runc iptables ca-certificates debian-archive-keyring)
readonly MIN_ENGINE=23 MIN_CLIENT=23 MIN_COMPOSE=2.20

readonly PREFIX=/opt/pei-engine
readonly STATE=/run/pei-engine PIDFILE=/run/pei-engine/dockerd.pid
readonly DATA=/var/lib/pei-engine LOGFILE=/var/log/pei-engine.log
readonly PLUGINS=/usr/local/lib/docker/cli-plugins CLIENT=/usr/local/bin/docker
readonly DEFAULT_BASE=pei-base:bookworm
# The releases that `base` can make: the tag of the name selects one, other tags mean the first.
readonly BASE_SUITES=(bookworm trixie)
readonly CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt

readonly EXIT_USAGE=2 EXIT_MISSING=3

readonly SERVICE_POLICY=/usr/sbin/policy-rc.d

# The directory that on_exit removes.
work_dir=
own_policy=
import_tag=
# Set by find_mirror.
mirror=

usage() {
    cat <<HELP
Usage: engine.sh COMMAND

Get a real Docker engine for the container tests on a Debian 12 machine.

Commands:
  up           Use the docker that runs, if it is new enough (engine $MIN_ENGINE, Compose $MIN_COMPOSE, buildx);
               else fetch one from Debian's packages into $PREFIX and start it
  base [NAME]  Make the image NAME [$DEFAULT_BASE] by debootstrap, unless it is there;
               NAME:trixie is Debian 13, every other name Debian 12
  down         Stop the engine, if \`up\` started it; images and containers are kept
  status       Show what is there; exit 1 if no usable engine runs

Options:
  -h, --help   Show this text

Environment:
  PEI_ENGINE_MIRROR  URL of the Debian mirror to use [the one in the machine's apt sources]
  XDG_CACHE_HOME     The base tarball is kept in its folder pei-engine [~/.cache]

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the machine lacks something that is needed
HELP
}

log() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die STATUS LINE...
die() {
    local status=$1 line
    shift
    for line in "$@"; do log "$line"; done
    exit "$status"
}

usage_error() {
    usage >&2
    die "$EXIT_USAGE" "$1"
}

on_error() {
    local status=$? command=$BASH_COMMAND
    log "${FUNCNAME[1]:-main}, line ${BASH_LINENO[0]}: \`$command\` ended with status $status"
    exit "$status"
}

on_exit() {
    [[ -z $own_policy ]] || rm -f -- "$own_policy"
    [[ -z $import_tag ]] || docker image rm "$import_tag" >/dev/null 2>&1 || true
    [[ -z $work_dir ]] || rm -rf --one-file-system -- "$work_dir"
}

# Set work_dir to a temporary directory that is removed at exit and that apt's own user may enter.
make_work_dir() {
    [[ -z $work_dir ]] || return 0
    work_dir=$(mktemp -d)
    chmod 0755 "$work_dir"
}

# at_least HAVE WANT: is version HAVE the same as WANT or newer?
at_least() {
    local have=${1#v}
    [[ $have == [0-9]* ]] && printf '%s\n%s\n' "$2" "${have%%[-+~,]*}" | sort --version-sort --check=silent
}

# ---- the machine's apt ----

require_root() {
    ((EUID == 0)) || die "$EXIT_MISSING" "$1 needs root" "run it as root: sudo ${BASH_SOURCE[0]} ..."
}

require_apt() {
    command -v apt-get >/dev/null && command -v dpkg >/dev/null && return
    die "$EXIT_MISSING" "apt-get and dpkg are missing: this script installs on Debian alone" \
        "elsewhere install Docker Engine $MIN_ENGINE or newer with its buildx and Compose plugins," \
        "start it, and get a base image:" \
        "docker pull debian:$HOST_SUITE && docker tag debian:$HOST_SUITE $DEFAULT_BASE"
}

# The engine's packages fit this release only.
require_host_suite() {
    local codename
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-unknown}")
    [[ $codename == "$HOST_SUITE" ]] ||
        die "$EXIT_MISSING" "this machine is not Debian $HOST_SUITE but $codename" \
            "install docker.io, docker-buildx and docker-compose of your own distribution, and start docker"
}

# Retry: another apt may hold the lock of the lists, and apt-get update does not wait for it.
apt_update() {
    local try
    for try in 1 2 3 4 5 6; do
        apt-get "$@" -qq update >&2 && return
        log "apt-get update failed (try $try of 6)"
        sleep 10
    done
    return 1
}

is_installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt_install PACKAGE...: install what is missing, and start no service.
apt_install() {
    local package missing=() status=0
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    require_apt
    require_root "installing ${missing[*]}"

    log "installing ${missing[*]}"
    make_work_dir
    local install=(apt-get -qq -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}")
    if [[ ! -e $SERVICE_POLICY ]]; then
        own_policy=$SERVICE_POLICY
        printf '#!/bin/sh\nexit 101\n' >"$own_policy"
        chmod 0755 "$own_policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    # The usual reason for a failure is missing or old package lists, so update them before the second try.
    "${install[@]}" >"$work_dir/apt.log" 2>&1 ||
        { apt_update && "${install[@]}" >"$work_dir/apt.log" 2>&1; } || status=$?
    [[ -z $own_policy ]] || rm -f -- "$own_policy"
    own_policy=
    ((status == 0)) || {
        cat "$work_dir/apt.log" >&2
        die 1 "apt-get could not install ${missing[*]}, its log is above"
    }
}

# Set mirror to the URL of the Debian mirror that the apt sources name for $HOST_SUITE.
find_mirror() {
    local uri=${PEI_ENGINE_MIRROR:-} list
    if [[ -z $uri ]]; then
        require_apt
        # apt reads its own sources, of either format. The URL is the first one that serves the suite's main part.
        # shellcheck disable=SC2016 # apt-get fills these in
        uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
            awk -v suite="$HOST_SUITE" '$2 == suite && $3 == "main" && !found { print $1; found = 1 }')
    fi
    # A mirror list in a file: use its first line.
    if [[ $uri == mirror+file:* ]]; then
        list=${uri#mirror+file:}
        uri=$(awk '/^[a-z]/ && !found { print $1; found = 1 }' "${list%/}")
    fi
    [[ $uri == http*://* ]] ||
        die "$EXIT_MISSING" "no Debian mirror is known: the apt sources name none for $HOST_SUITE" \
            "name one: PEI_ENGINE_MIRROR=http://HOST/debian ${BASH_SOURCE[0]} ..."
    [[ $uri != *://*@* ]] ||
        die "$EXIT_MISSING" "the mirror's URL holds a login, which would get into images" \
            "move it to a file in /etc/apt/auth.conf.d"
    mirror=${uri%/}
}

# ---- the engine ----

engine_version() { docker version --format '{{.Server.Version}}' 2>/dev/null; }
client_version() { docker version --format '{{.Client.Version}}' 2>/dev/null || true; }
compose_version() { docker compose version --short 2>/dev/null; }
buildx_version() { docker buildx version 2>/dev/null | awk '{ print $2 }'; }

have_plugins() { at_least "$(compose_version || true)" "$MIN_COMPOSE" && [[ -n $(buildx_version || true) ]]; }

is_unpacked() {
    [[ -x $PREFIX/usr/bin/docker-init ]] &&
        at_least "$("$PREFIX/usr/sbin/dockerd" --version 2>/dev/null | awk '{ print $3 }')" "$MIN_ENGINE"
}

# Fetch and unpack the engine's packages. apt uses its own directories here, so the machine's lists do not change; proxies,
# certificates and logins are the machine's. apt verifies the signature of the suite, with it the lists, and with them
# (SHA256) each package.
unpack_engine() {
    is_unpacked && return
    require_host_suite
    make_work_dir
    find_mirror
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg package deb
    mkdir -p "$work_dir/lists/partial" "$work_dir/cache/archives/partial" "$work_dir/debs" "$work_dir/root"
    : >"$work_dir/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$ENGINE_SUITE" >"$work_dir/engine.list"
    chown -R _apt "$work_dir/lists" "$work_dir/cache" "$work_dir/debs"

    local apt_folders=(
        -o Dir::Etc::SourceList="$work_dir/engine.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
        -o Dir::State::Lists="$work_dir/lists" -o Dir::State::Status="$work_dir/status"
        -o Dir::Cache="$work_dir/cache" -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    )
    log "fetching ${ENGINE_PACKAGES[*]} of $ENGINE_SUITE"
    apt_update "${apt_folders[@]}"
    (cd "$work_dir/debs" && apt-get "${apt_folders[@]}" -qq download "${ENGINE_PACKAGES[@]}" >&2)

    for package in "${ENGINE_PACKAGES[@]}"; do
        for deb in "$work_dir/debs/${package}"_*.deb; do dpkg -x "$deb" "$work_dir/root"; done
    done
    chmod 0755 "$work_dir/root"
    rm -rf --one-file-system -- "$PREFIX.new"
    mv "$work_dir/root" "$PREFIX.new"
    rm -rf --one-file-system -- "$PREFIX"
    mv "$PREFIX.new" "$PREFIX"
    is_unpacked || die 1 "the unpacked dockerd does not run: $PREFIX/usr/sbin/dockerd --version"
}

# link_missing TARGET LINK: does not replace a file that this script did not make.
link_missing() {
    [[ ! -e $2 || $(readlink "$2" || true) == "$PREFIX"/* ]] || return 0
    mkdir -p "${2%/*}"
    ln -sfn "$1" "$2"
}

# Make `docker`, `docker compose` and `docker buildx` work for every user.
link_client() {
    at_least "$(client_version)" "$MIN_CLIENT" || link_missing "$PREFIX/usr/bin/docker" "$CLIENT"
    hash -r
    if ! have_plugins; then
        link_missing "$PREFIX/usr/libexec/docker/cli-plugins/docker-compose" "$PLUGINS/docker-compose"
        link_missing "$PREFIX/usr/libexec/docker/cli-plugins/docker-buildx" "$PLUGINS/docker-buildx"
    fi
    at_least "$(client_version)" "$MIN_CLIENT" ||
        die "$EXIT_MISSING" "$(command -v docker) is older than $MIN_CLIENT: move it out of the way"
    have_plugins ||
        die "$EXIT_MISSING" "\`docker compose\` $MIN_COMPOSE or \`docker buildx\` is missing" \
            "older plugins may hide those in $PLUGINS: look into ~/.docker/cli-plugins"
}

# Print the MTU of the default route's interface: bridges with a greater one lose packets.
default_mtu() {
    local interface
    interface=$(awk '$2 == "00000000" && !found { print $1; found = 1 }' /proc/net/route)
    [[ -z $interface ]] || cat "/sys/class/net/$interface/mtu"
}

# Print the id of the dockerd that `up` started, if it runs.
own_engine_pid() {
    local pid
    pid=$(cat "$PIDFILE" 2>/dev/null) || return
    [[ $(readlink "/proc/$pid/exe") == "$PREFIX/usr/sbin/dockerd"* ]] || return
    printf '%s\n' "$pid"
}

start_engine() {
    local options=(--data-root "$DATA" --pidfile "$PIDFILE") mtu pid seconds
    mtu=$(default_mtu)
    if [[ -n $mtu ]] && ((mtu < 1500)); then
        options+=(--mtu "$mtu" --default-network-opt "bridge=com.docker.network.driver.mtu=$mtu")
    fi
    log "starting dockerd, which writes to $LOGFILE"
    PATH="$PREFIX/usr/bin:$PREFIX/usr/sbin:$PATH" setsid nohup "$PREFIX/usr/sbin/dockerd" "${options[@]}" \
        </dev/null >"$LOGFILE" 2>&1 9>&- &
    pid=$!
    for ((seconds = 0; seconds < 60; seconds++)); do
        docker info >/dev/null 2>&1 && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 1
    done
    tail -n 20 "$LOGFILE" >&2
    die 1 "dockerd did not start; the end of $LOGFILE is above"
}

# take_lock DIRECTORY: only one engine.sh at a time changes things. Descriptor 9 holds the lock until the script ends.
take_lock() {
    mkdir -p "$1"
    exec 9>"$1/lock"
    flock 9
}

run_up() {
    local version
    if version=$(engine_version) && [[ -n $version ]]; then
        at_least "$version" "$MIN_ENGINE" ||
            die "$EXIT_MISSING" "the engine that runs is $version, older than $MIN_ENGINE" \
                "stop it, then run this again; or set DOCKER_HOST to a newer one"
        if have_plugins; then
            log "docker $version is up"
            return
        fi
    fi
    require_apt
    require_root "installing an engine"
    [[ -n $version || -z ${DOCKER_HOST:-} ]] ||
        die "$EXIT_MISSING" "no engine answers at DOCKER_HOST: start it there, or unset DOCKER_HOST"
    take_lock "$STATE"
    [[ -n $version ]] || apt_install "${HOST_PACKAGES[@]}"
    unpack_engine
    link_client
    engine_version >/dev/null || start_engine
    log "docker $(engine_version) is up, Compose $(compose_version), buildx $(buildx_version)"
}

run_down() {
    local pid seconds
    if ! pid=$(own_engine_pid); then
        log "no engine that this script started is running"
        return
    fi
    require_root "stopping the engine"
    take_lock "$STATE"
    kill "$pid"
    for ((seconds = 0; seconds < 60; seconds++)); do
        if [[ ! -e /proc/$pid ]]; then
            log "dockerd ($pid) has stopped"
            return
        fi
        sleep 1
    done
    die 1 "dockerd ($pid) has not stopped within a minute"
}

run_status() {
    local version pid origin='not started by this script' base=missing usable=1
    if version=$(engine_version) && [[ -n $version ]]; then
        if pid=$(own_engine_pid); then origin="started by this script, process $pid, log $LOGFILE"; fi
        printf 'engine   %s (%s)\n' "$version" "$origin"
        at_least "$version" "$MIN_ENGINE" && have_plugins && usable=0
        ! docker image inspect "$DEFAULT_BASE" >/dev/null 2>&1 || base='there'
    else
        printf 'engine   not running\n'
        base='unknown, for no engine runs'
    fi
    printf 'client   %s\n' "$(version=$(client_version) && printf '%s' "${version:-missing}")"
    printf 'compose  %s\n' "$(compose_version || printf missing)"
    printf 'buildx   %s\n' "$(buildx_version || printf missing)"
    printf 'base     %s (%s)\n' "$DEFAULT_BASE" "$base"
    exit "$usable"
}

# ---- the base image ----

# suite_of NAME: the Debian release that an image of this name holds.
suite_of() {
    local suite
    for suite in "${BASE_SUITES[@]}"; do
        [[ $1 != *":$suite" ]] || { printf '%s\n' "$suite" && return; }
    done
    printf '%s\n' "${BASE_SUITES[0]}"
}

# make_tarball SUITE FILE: Debian's minimal system. The only thing from this machine in it is the mirror's URL.
make_tarball() {
    local suite=$1 file=$2 root
    require_root "debootstrap"
    apt_install debootstrap debian-archive-keyring
    make_work_dir
    root=$work_dir/base
    log "making a $suite base by debootstrap"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
        >"$work_dir/debootstrap.log" 2>&1 || {
        tail -n 20 "$work_dir/debootstrap.log" >&2
        die 1 "debootstrap failed; the end of its log is above"
    }
    # debootstrap copies the first two from the machine; an image does not need the others.
    rm -rf -- "$root/etc/resolv.conf" "$root/etc/hostname" "$root/var/lib/apt/lists"/* \
        "$root/var/cache/apt"/*.bin "$root/var/cache/apt/archives"/*.deb "$root/var/cache/ldconfig/aux-cache"
    find "$root/var/log" -type f -delete
    tar -C "$root" --one-file-system --numeric-owner --sort=name --exclude='./dev/*' -czf "$file.new" .
    mv "$file.new" "$file"
}

# collect_access DIRECTORY: copy into it the files with which containers reach the mirror as this machine does: apt's
# settings for it, and the certificates that were added to Debian's.
collect_access() {
    local apt_conf=$1/etc/apt/apt.conf.d/90pei-engine certificates=usr/local/share/ca-certificates
    local settings scheme variable certificate
    mkdir -p "$1"
    settings=$(apt-config dump |
        grep -iE '^Acquire::(https?::(Proxy(::[^ ]+)?|Verify-(Peer|Host))|Check-(Valid-Until|Date)) ' || true)
    # Without a setting, apt uses the proxy of the environment.
    for scheme in http https; do
        variable=${scheme}_proxy
        [[ -z ${!variable:-} || ${settings,,} == *"acquire::$scheme::proxy "* ]] ||
            settings+=$'\n'"Acquire::$scheme::Proxy \"${!variable}\";"
    done
    if [[ -n $settings ]]; then
        [[ ! $settings =~ ://[^/\"]*@ ]] ||
            die "$EXIT_MISSING" "apt's proxy setting holds a login, which would get into the image"
        [[ ! $settings =~ ://(localhost|127\.|\[::1\]) ]] ||
            log "apt's proxy listens on this machine's loopback address, where containers do not reach it"
        mkdir -p "${apt_conf%/*}"
        printf '%s\n' "$settings" >"$apt_conf"
    fi
    for certificate in "/$certificates"/*.crt; do
        [[ -f $certificate ]] || continue
        mkdir -p "$1/$certificates"
        cp -- "$certificate" "$1/$certificates/"
    done
}

# build_with_access IMPORTED NAME CONTEXT: build NAME from the imported image, with CONTEXT/root in another layer.
build_with_access() {
    printf 'FROM %s\nCOPY root/ /\n' "$1" >"$3/Dockerfile"
    # Make programs that bring their own certificates use the system's.
    if [[ -d $3/root/usr/local/share/ca-certificates ]]; then
        cat >>"$3/Dockerfile" <<DOCKERFILE
RUN update-ca-certificates
ENV SSL_CERT_FILE=$CA_BUNDLE PIP_CERT=$CA_BUNDLE REQUESTS_CA_BUNDLE=$CA_BUNDLE NODE_EXTRA_CA_CERTS=$CA_BUNDLE
DOCKERFILE
    fi
    docker buildx build --quiet --load --network none --tag "$2" "$3" >/dev/null
}

run_base() {
    local name=${1:-$DEFAULT_BASE} cache=${XDG_CACHE_HOME:-$HOME/.cache}/pei-engine suite tarball
    engine_version >/dev/null || die "$EXIT_MISSING" "no docker engine answers" "start one: ${BASH_SOURCE[0]} up"
    if docker image inspect "$name" >/dev/null 2>&1; then
        log "image $name exists"
        return
    fi
    require_apt
    take_lock "$cache"
    # Another run may have made it in the meantime.
    ! docker image inspect "$name" >/dev/null 2>&1 || return 0
    find_mirror
    suite=$(suite_of "$name")
    tarball=$cache/$suite-$(dpkg --print-architecture)-$(sha256sum <<<"$mirror" | cut -c 1-12).tar.gz
    [[ -f $tarball ]] || make_tarball "$suite" "$tarball"
    make_work_dir
    collect_access "$work_dir/access/root"
    import_tag=pei-base-import:$$
    docker import --change 'CMD ["bash"]' "$tarball" "$import_tag" >/dev/null
    build_with_access "$import_tag" "$name" "$work_dir/access"
    log "image $name is made"
}

main() {
    local command=${1:-} most=1
    trap on_error ERR
    trap on_exit EXIT
    [[ $command != base ]] || most=2
    case $command in
        -h | --help) usage && return ;;
        up | base | down | status) ;;
        '') usage_error 'which command?' ;;
        *) usage_error "unknown command \`$command\`" ;;
    esac
    case ${2:-} in
        -h | --help) usage && return ;;
        -*) usage_error "unknown option \`$2\`" ;;
    esac
    (($# <= most)) || usage_error "\`$command\` does not take \`${!#}\`"
    shift
    "run_$command" "$@"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
