# Stand-ins on the engine's network: a web server in the place of mirrors that this machine may not reach, and a proxy.
# Both run in a container and take no port of the machine.
#
# shellcheck shell=bash

# start_stand_in: sets STAND_IN, its address, and SERVED, a directory. Port 80 hands every /debian, /debian-security and
# /ubuntu path on to the Debian mirror of the base image, those of Python package indexes to PyPI, and has the files of
# $SERVED; port 8888 is tinyproxy.
start_stand_in() {
    derive stand-in <<'DOCKERFILE'
RUN apt-get -q update && apt-get -q install -y --no-install-recommends nginx-light tinyproxy && rm -rf /var/lib/apt/lists/*
DOCKERFILE
    local mirror
    mirror=$(drun --entrypoint sh "$ID-stand-in" -c \
        "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]+/debian' | head -n 1")
    [[ -n $mirror ]] || fail "the base image names no Debian mirror"
    SERVED=$WORK/served
    export SERVED
    mkdir -p "$WORK/stand-in" "$SERVED"
    local index=${PIP_INDEX_URL:-https://pypi.org/simple}
    # The addresses are looked up once, when nginx starts: nginx's own resolver asks for all of its life from one UDP port,
    # and gets no answer any more once the engine's network address translation has lost that flow.
    cat >"$WORK/stand-in/nginx.conf" <<CONF
events {}
http {
    log_format hosts '\$host \$request';
    access_log /tmp/web.log hosts;
    $(nginx_upstream mirror "$mirror")
    $(nginx_upstream index "$index")
    proxy_http_version 1.1;
    proxy_ssl_server_name on;
    server {
        listen 80;
        location ~ ^/(?:debian|ubuntu)/(.*)\$ { $(nginx_pass mirror "$mirror"); }
        location ~ ^/(debian-security/.*)\$ { $(nginx_pass mirror "${mirror%/debian}"); }
        location ~ ^/(?:pypi\.tuna\.tsinghua\.edu\.cn|mirrors\.aliyun\.com/pypi)/simple/(.*)\$ { $(nginx_pass index "$index"); }
        location / { root /served; }
    }
}
CONF
    cat >"$WORK/stand-in/tinyproxy.conf" <<'CONF'
Port 8888
Listen 0.0.0.0
Timeout 60
LogFile "/tmp/proxy.log"
LogLevel Connect
MaxClients 50
CONF
    cat >"$WORK/stand-in/run" <<'SH'
#!/bin/sh
touch /tmp/proxy.log && chmod 666 /tmp/proxy.log
tinyproxy -c /conf/tinyproxy.conf
exec nginx -c /conf/nginx.conf -g 'daemon off;'
SH
    chmod 755 "$WORK/stand-in/run"
    start stand-in --volume "$WORK/stand-in:/conf:ro" --volume "$SERVED:/served:ro" --entrypoint /conf/run "$ID-stand-in"
    STAND_IN=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$ID-stand-in")
    export STAND_IN
    within 15 stand_in_is_up
}

# nginx_upstream NAME URL: the group of servers NAME with the server of URL.
# nginx_pass NAME URL: hand what the first group of the location's expression matched on to that server, below the path of URL.
nginx_upstream() {
    local authority=${2#*://}
    authority=${authority%%/*}
    [[ $authority == *:* ]] || case $2 in
        https:*) authority+=:443 ;;
        *) authority+=:80 ;;
    esac
    printf 'upstream %s { server %s; }' "$1" "$authority"
}

nginx_pass() {
    local rest=${2#*://} path=
    [[ $rest != */* ]] || path=/${rest#*/}
    # shellcheck disable=SC2016 # a variable of nginx
    printf 'proxy_set_header Host %s; proxy_ssl_name %s; proxy_pass %s://%s%s/$1' "${rest%%/*}" "${rest%%[:/]*}" "${2%%:*}" "$1" "${path%/}"
}

stand_in_is_up() {
    (exec 3<>"/dev/tcp/$STAND_IN/80") && (exec 3<>"/dev/tcp/$STAND_IN/8888")
}

# What came to the web server, as "host METHOD path", and to the proxy.
web_log() { docker exec "$ID-stand-in" cat /tmp/web.log; }
proxy_log() { docker exec "$ID-stand-in" cat /tmp/proxy.log; }

forget_logs() { docker exec "$ID-stand-in" sh -c ': >/tmp/web.log; : >/tmp/proxy.log'; }
