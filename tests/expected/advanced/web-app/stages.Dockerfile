# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The further stages. Compose passes every value below; plain docker builds it as well:
#   docker build -f stages.Dockerfile --build-context 'pei-context-app=./examples/advanced/web-app/app' --target webpack -t webpack .
# --build-arg overrides these values. `true` and `false` have no effect here: they decided which steps this file has.

ARG BASE_IMAGE_1=ubuntu:24.04
ARG WITH_SSH=false
ARG SSH_USER_NAME=
ARG SSH_USER_UID=
ARG SSH_USER_GID=
ARG SSH_CONTAINER_PORT=22
ARG APT_SOURCE_FILE=
ARG KEEP_APT_SOURCE_FILE=true
ARG APT_USE_PROXY=false
ARG APT_KEEP_PROXY=false
ARG PEI_STAGE_DIR_1=/pei-from-host/stage-1
ARG PEI_HTTP_PROXY_1=http://host.docker.internal:7890
ARG PEI_HTTPS_PROXY_1=http://host.docker.internal:7890
ARG BASE_IMAGE_NPM=ubuntu:24.04

# ---- pei-files-app: a context, without excluded files ----
FROM ${BASE_IMAGE_1} AS pei-files-app
USER root
ARG PEI_CONTEXT_SUM
RUN --mount=type=bind,from=pei-context-app,target=/pei-from-context \
    set -e; export LC_ALL=C; cd /pei-from-context; mkdir /pei-context; \
    kept() { find . \( -name .git -o -name .pei -o -name .env -o -type f \( -name 'user_config*.y*ml' \
    -o \( -name 'id_rsa*' -o -name 'id_dsa*' -o -name 'id_ecdsa*' -o -name 'id_ed25519*' \) ! -name '*.pub' \
    -o -iname '*.p12' -o -iname '*.pfx' -o -iname '*.jks' -o -iname '*.ppk' -o -iname '*.kdbx' \) \) -prune -o "$@"; }; \
    key="$(printf '^[[:space:]\357\273\277]*')(-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-)"; \
    { kept \( -type d -o -type l \) -print0; kept -type f -exec grep -LZaE -e "$key" {} +; } \
    | tar -c --owner=0 --group=0 --mode=go-w --null --no-recursion -T - | tar -x -p -C /pei-context

# ---- npm: a further stage ----
FROM ${BASE_IMAGE_NPM} AS npm
USER 0:0

COPY --from=pei-files-app ["/pei-context/package.json", "/app/"]

ARG PEI_DOWNLOAD_MIRROR

# stages.npm.custom.on_build[0]
RUN --mount=type=bind,source=installation/stages/pei-run-hook.sh,target=/pei-build/run-hook.sh \
    --mount=type=bind,source=installation/stage-1/lib,target=/pei-from-host/stage-1/lib \
    ["/bin/sh", "/pei-build/run-hook.sh", "stages/npm/install.sh", "", "stages.npm.custom.on_build[0]"]

# ---- webpack: a further stage ----
FROM npm AS webpack

COPY --from=pei-files-app ["/pei-context/.", "/app/"]

ARG PEI_DOWNLOAD_MIRROR

# stages.webpack.custom.on_build[0]
RUN --mount=type=bind,source=installation/stages/pei-run-hook.sh,target=/pei-build/run-hook.sh \
    --mount=type=bind,source=installation/stage-1/lib,target=/pei-from-host/stage-1/lib \
    ["/bin/sh", "/pei-build/run-hook.sh", "stages/webpack/build.sh", "--out /app/dist", "stages.webpack.custom.on_build[0]", "MODE=production"]

# ---- stage-1-core: slow steps that rarely change; the images build on it ----
FROM ${BASE_IMAGE_1} AS stage-1-core
USER root
ENV PEI_STAGE_DIR_1=/pei-from-host/stage-1 \
    PEI_DOCKER_DIR=/pei-init

RUN --mount=type=bind,source=installation/stage-1/internals/set-up-base.sh,target=/pei-build/stage-1/internals/set-up-base.sh \
    for tool in bash apt-get dpkg useradd; do \
        command -v "$tool" >/dev/null || { echo "pei: the base image has no $tool; it must be Debian or Ubuntu, or made from one of them" >&2; exit 1; }; \
    done; \
    bash /pei-build/stage-1/internals/set-up-base.sh

RUN --mount=type=bind,source=installation/stage-1/internals/install-packages.sh,target=/pei-build/stage-1/internals/install-packages.sh \
    --mount=type=bind,source=installation/stage-1/lib/clean.sh,target=/pei-build/stage-1/lib/clean.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    --mount=type=bind,source=installation/stage-1/lib/sources.sh,target=/pei-build/stage-1/lib/sources.sh \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-ubuntu-24.04,target=/var/cache/pei-apt,sharing=locked \
    bash /pei-build/stage-1/internals/install-packages.sh \
        ca-certificates curl git less micro nano net-tools netbase patch psmisc sshpass sudo tmux unzip

ARG PEI_HTTP_PROXY_1
ARG PEI_HTTPS_PROXY_1
ENV PEI_HTTP_PROXY_1=${PEI_HTTP_PROXY_1} \
    PEI_HTTPS_PROXY_1=${PEI_HTTPS_PROXY_1}

# ---- python: a further stage ----
FROM stage-1-core AS python

ARG PEI_DOWNLOAD_MIRROR

# stages.python.custom.on_build[0]
RUN --mount=type=bind,source=installation/stage-1/lib,target=/pei-build/files/stage-1/lib \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-ubuntu-24.04-python,target=/var/cache/pei-apt,sharing=locked \
    ["bash", "/pei-build/files/stage-1/lib/run-build-hook.sh", "stages/python/install.sh", "", "stages.python.custom.on_build[0]"]
