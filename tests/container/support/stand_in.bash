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
    cat >"$WORK/stand-in/nginx.conf" <<CONF
events {}
http {
    log_format hosts '\$host \$request';
    access_log /tmp/web.log hosts;
    server {
        listen 80;
        resolver NAMESERVER;
        proxy_http_version 1.1;
        set \$mirror "$mirror";
        location ~ ^/(?:debian|ubuntu)/(.*)\$ { proxy_pass \$mirror/\$1; }
        location ~ ^/(debian-security/.*)\$ { proxy_pass ${mirror%/debian}/\$1; }
        set \$index "${PIP_INDEX_URL:-https://pypi.org/simple}";
        proxy_ssl_server_name on;
        location ~ ^/(?:pypi\.tuna\.tsinghua\.edu\.cn|mirrors\.aliyun\.com/pypi)/simple/(.*)\$ { proxy_pass \$index/\$1; }
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
server=$(awk '/^nameserver/ { print $2; exit }' /etc/resolv.conf)
sed "s/NAMESERVER/$server ipv6=off/" /conf/nginx.conf >/tmp/nginx.conf
touch /tmp/proxy.log && chmod 666 /tmp/proxy.log
tinyproxy -c /conf/tinyproxy.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
SH
    chmod 755 "$WORK/stand-in/run"
    start stand-in --volume "$WORK/stand-in:/conf:ro" --volume "$SERVED:/served:ro" --entrypoint /conf/run "$ID-stand-in"
    STAND_IN=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$ID-stand-in")
    export STAND_IN
    within 15 stand_in_is_up
}

stand_in_is_up() {
    (exec 3<>"/dev/tcp/$STAND_IN/80") && (exec 3<>"/dev/tcp/$STAND_IN/8888")
}

# What came to the web server, as "host METHOD path", and to the proxy.
web_log() { docker exec "$ID-stand-in" cat /tmp/web.log; }
proxy_log() { docker exec "$ID-stand-in" cat /tmp/proxy.log; }

forget_logs() { docker exec "$ID-stand-in" sh -c ': >/tmp/web.log; : >/tmp/proxy.log'; }
