#!/usr/bin/env bats
# apt's sources and its proxy: rewritten for the build, kept or undone as the config says. The mirrors are stood in for
# by a web server of this test, to which their names are pointed.
#
# shellcheck disable=SC2016,SC2030,SC2031 # texts for other shells; bats runs each test in a subshell

load support/load

MIRROR_HOSTS=(mirrors.tuna.tsinghua.edu.cn mirrors.aliyun.com mirrors.163.com mirrors.ustc.edu.cn)

setup_file() {
    begin_file
    start_stand_in

    # The sources of official images, and of older and newer systems. The first base installs from the mirror; to save
    # time the others have the packages already, so that only their lists are read.
    derive debian-list <<'DOCKERFILE'
RUN rm -f /etc/apt/sources.list.d/* && printf '%s\n' '# a comment' \
    'deb http://deb.debian.org/debian bookworm main' \
    '# deb-src http://deb.debian.org/debian bookworm main' \
    'deb [arch=amd64,arm64] http://deb.debian.org/debian bookworm-updates main' \
    'deb http://security.debian.org/debian-security bookworm-security main' >/etc/apt/sources.list
DOCKERFILE
    derive_full full "$ID-debian-list"
    # All but one, so that apt has something to do.
    derive almost "$ID-full" <<<'RUN dpkg --purge unzip'
    derive debian-sources "$ID-full" <<'DOCKERFILE'
RUN rm -f /etc/apt/sources.list && printf '%s\n' 'Types: deb' 'URIs: http://deb.debian.org/debian' \
    'Suites: bookworm bookworm-updates' 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' '' '# security' 'Types: deb' \
    'URIs: http://deb.debian.org/debian-security' 'Suites: bookworm-security' 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >/etc/apt/sources.list.d/debian.sources \
 && chmod 640 /etc/apt/sources.list.d/debian.sources
DOCKERFILE
    # Ubuntu's file, not in use, in front of packages that still come from Debian.
    derive ubuntu-sources "$ID-full" <<'DOCKERFILE'
RUN mv /etc/apt/sources.list /etc/apt/sources.list.d/local.list \
 && printf '%s\n' 'Enabled: no' 'Types: deb' 'URIs: http://archive.ubuntu.com/ubuntu/' \
    'Suites: noble noble-updates noble-backports' 'Components: main universe restricted multiverse' \
    'Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg' '' 'Enabled: no' 'Types: deb' \
    'URIs: http://security.ubuntu.com/ubuntu/' 'Suites: noble-security' 'Components: main universe' \
    'Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg' '' 'Enabled: no' 'Types: deb' \
    'URIs: http://ports.ubuntu.com/ubuntu-ports/' 'Suites: noble' 'Components: main' \
    >/etc/apt/sources.list.d/ubuntu.sources \
 && sed -i -e 's/^ID=.*/ID=ubuntu/' -e 's/^VERSION_ID=.*/VERSION_ID="24.04"/' -e 's/^VERSION_CODENAME=.*/VERSION_CODENAME=noble/' /etc/os-release
DOCKERFILE
    # Names of Ubuntu's hosts with suites that the stand-in can serve.
    derive ubuntu-list "$ID-full" <<'DOCKERFILE'
RUN rm -f /etc/apt/sources.list.d/* && printf '%s\n' '# deb cdrom:[Ubuntu]/ jammy main' \
    'deb http://archive.ubuntu.com/ubuntu/ bookworm main' \
    'deb [arch=amd64] http://security.ubuntu.com/ubuntu/ bookworm-updates main' >/etc/apt/sources.list \
 && sed -i -e 's/^ID=.*/ID=ubuntu/' -e 's/^VERSION_ID=.*/VERSION_ID="22.04"/' -e 's/^VERSION_CODENAME=.*/VERSION_CODENAME=jammy/' /etc/os-release
DOCKERFILE
}

teardown_file() {
    end_file
}

# apt_project NAME BASE APT: the settings are YAML in one line.
apt_project() {
    project "$1"
    notes_sources
    config <<YAML
stage_1:
  $(image_1 "$ID-$2")
  ssh: {users: {me: {password: apt-Pw1}}}
  proxy: {address: '$STAND_IN', port: 8888}
  apt: {$3}
  custom: {on_build: ['stage-1/custom/look.sh']}
YAML
    point_at_stand_in "${MIRROR_HOSTS[@]}"
    build stage-1
}

@test "debian sources.list: the build installs from the mirror, and with keep it stays" {
    forget_logs
    apt_project tuna debian-list 'repo_source: tuna, keep_repo_after_build: true'
    local seen
    seen=$(sources "$(image 1)")
    has_line "$seen" 'deb http://mirrors.tuna.tsinghua.edu.cn/debian bookworm main'
    has_line "$seen" 'deb [arch=amd64,arm64] http://mirrors.tuna.tsinghua.edu.cn/debian bookworm-updates main'
    has_line "$seen" 'deb http://mirrors.tuna.tsinghua.edu.cn/debian-security bookworm-security main'
    has_line "$seen" '# a comment'
    lacks "$(grep -v '^#' <<<"$seen")" debian.org
    has "$(web_log)" 'mirrors.tuna.tsinghua.edu.cn GET /debian/pool/'
    has "$(web_log)" 'mirrors.tuna.tsinghua.edu.cn GET /debian-security/dists/'
    must drun "$(image 1)" which sshd tmux
}

@test "a hook installs packages where another build has left no lists, and reads none where no script speaks of apt" {
    project lists
    hook stage-1/custom/install.sh <<<'apt-get -qq install -y --no-install-recommends hello && hello'
    config <<YAML
stage_1:
  $(image_1 "$ID-full")
  custom: {on_build: [stage-1/custom/install.sh]}
YAML
    build stage-1
    has "$(<"$PROJECT.log")" 'reading the package lists'
    project no-lists
    hook stage-1/custom/other.sh <<<'ls /etc/apt /var/cache/pei-apt/lists'
    config <<YAML
stage_1:
  $(image_1 "$ID-almost")
  custom: {on_build: [stage-1/custom/other.sh]}
YAML
    build stage-1
    lacks "$(<"$PROJECT.log")" 'reading the package lists'
}

@test "a source out of reach is named, and no package is looked for" {
    project unreachable
    hook stage-1/custom/my.list <<<'deb http://user:secret@127.0.0.1:9/debian bookworm main'
    config <<YAML
stage_1:
  $(image_1 "$ID-almost")
  proxy: {address: 127.0.0.1, port: 11}
  apt: {repo_source: stage-1/custom/my.list, use_proxy: true}
YAML
    build_fails stage-1
    has "$(<"$PROJECT.log")" 'It asked http://127.0.0.1:9 through the proxy http://127.0.0.1:11; see apt.repo_source'
    lacks "$(<"$PROJECT.log")" 'Unable to locate package'
}

@test "debian sources.list: without keep the original is back" {
    apt_project back almost 'repo_source: tuna, keep_repo_after_build: false'
    has "$(during)" 'deb http://mirrors.tuna.tsinghua.edu.cn/debian bookworm main'
    sources_are_back almost
}

@test "debian.sources: rewritten for the build, and undone" {
    apt_project deb822 debian-sources 'repo_source: aliyun, keep_repo_after_build: false'
    has "$(during)" 'mirrors.aliyun.com/debian'
    has "$(during)" 'mirrors.aliyun.com/debian-security'
    has_line "$(during)" 'Suites: bookworm bookworm-updates'
    lacks "$(during)" deb.debian.org
    sources_are_back debian-sources
}

@test "debian.sources: kept" {
    apt_project deb822-keep debian-sources 'repo_source: aliyun'
    has "$(sources "$(image 1)")" 'mirrors.aliyun.com/debian'
    lacks "$(sources "$(image 1)")" deb.debian.org
    equal "$(during)" "$(sources "$(image 1)")"
}

@test "ubuntu.sources: archive, security and ports are rewritten for the build, and undone" {
    apt_project noble ubuntu-sources 'repo_source: ustc, keep_repo_after_build: false'
    has "$(during)" 'URIs: http://mirrors.ustc.edu.cn/ubuntu'
    has "$(during)" 'URIs: http://mirrors.ustc.edu.cn/ubuntu-ports'
    has_line "$(during)" 'Suites: noble-security'
    lacks "$(during)" .ubuntu.com
    sources_are_back ubuntu-sources
}

@test "ubuntu.sources: kept, and cn is Ubuntu's own mirror there" {
    apt_project noble-cn ubuntu-sources 'repo_source: cn'
    local seen
    seen=$(sources "$(image 1)")
    has "$seen" 'URIs: http://cn.archive.ubuntu.com/ubuntu'
    has "$seen" 'URIs: http://cn.ports.ubuntu.com/ubuntu-ports'
    lacks "$seen" '://archive.ubuntu.com'
    lacks "$seen" '://security.ubuntu.com'
    lacks "$seen" '://ports.ubuntu.com'
}

@test "ubuntu sources.list: rewritten, and undone" {
    apt_project jammy ubuntu-list "repo_source: '163', keep_repo_after_build: false"
    has "$(during)" 'deb http://mirrors.163.com/ubuntu/ bookworm main'
    has "$(during)" 'deb [arch=amd64] http://mirrors.163.com/ubuntu/ bookworm-updates main'
    lacks "$(during)" .ubuntu.com
    sources_are_back ubuntu-list
}

@test "cn on Debian: a warning, and the sources stay" {
    apt_project cn debian-sources 'repo_source: cn'
    grep -qiE 'warn.*\bcn\b|\bcn\b.*(debian|mirror)' "$PROJECT.log" || fail 'the build log does not warn' "$(tail -n 40 "$PROJECT.log")"
    sources_are_back debian-sources
}

@test "without a source nothing is touched" {
    apt_project none debian-sources "repo_source: ''"
    sources_are_back debian-sources
    equal "$(sources "$ID-debian-sources")" "$(during)"
}

@test "a file replaces every source, and without keep the original is back" {
    local file='stage-1/custom/my sources.list'
    project file
    printf '%s\n' '# mine' 'deb http://mirrors.tuna.tsinghua.edu.cn/debian bookworm main' | hook "$file"
    apt_project file debian-sources "repo_source: '$file', keep_repo_after_build: false"
    has_line "$(during)" '# mine'
    lacks "$(during)" deb.debian.org
    sources_are_back debian-sources

    apt_project file debian-sources "repo_source: '$file'"
    has_line "$(sources "$(image 1)")" '# mine'
    lacks "$(sources "$(image 1)")" deb.debian.org
}

@test "apt goes through the proxy in the build, and not after it" {
    forget_logs
    apt_project proxy almost 'use_proxy: true'
    has "$(proxy_log)" '/debian/dists/bookworm'
    must file_in_image "$(image 1)" /during/config
    has "$output" "http://$STAND_IN:8888"
    must drun --entrypoint apt-config "$(image 1)" dump
    lacks "$output" "$STAND_IN"
}

@test "apt's proxy stays where the config says so" {
    apt_project proxy-keep almost 'use_proxy: true, keep_proxy_after_build: true'
    must drun --entrypoint apt-config "$(image 1)" dump
    has "$output" "Acquire::http::Proxy \"http://$STAND_IN:8888\""
    must drun "$(image 1)" apt-get -q update
    has "$(proxy_log)" '/debian/dists/bookworm'
}

@test "no package list and no archive stays in the image" {
    project tuna
    must drun --entrypoint bash "$(image 1)" -c 'find /var/lib/apt/lists /var/cache/apt -type f ! -name lock'
    equal '' "$output"
}

@test "a base without apt stops the build at once, and the message says what it lacks" {
    derive no-apt <<<'RUN rm /usr/bin/apt-get'
    project no-apt
    config <<YAML
stage_1:
  $(image_1 "$ID-no-apt")
YAML
    build_fails stage-1
    grep -qE 'base image.*apt-get|apt-get.*base image' "$PROJECT.log" || fail 'the message does not name it:' "$(tail -n 20 "$PROJECT.log")"
}
