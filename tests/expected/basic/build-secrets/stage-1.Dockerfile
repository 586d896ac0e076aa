# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The system image. Compose passes every value below; plain docker builds it as well:
#   docker build -f stage-1.Dockerfile -t build-secrets:stage-1 .
# --build-arg overrides these values. `true` and `false` have no effect here: they decided which steps this file has.

ARG BASE_IMAGE=ubuntu:24.04
ARG WITH_ESSENTIAL_APPS=true
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
ARG ENABLE_GLOBAL_PROXY=false
ARG REMOVE_GLOBAL_PROXY_AFTER_BUILD=false
ARG PEI_STAGE_HOST_DIR_1=./installation/stage-1
ARG BASE_IMAGE_1=${BASE_IMAGE}

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

# ---- stage-1: the system image ----
FROM stage-1-core AS stage-1
COPY --chmod=755 ["installation/stage-1", "/pei-from-host/stage-1"]
ARG KEEP_APT_SOURCE_FILE
ARG APT_KEEP_PROXY
RUN --mount=type=bind,source=installation/stage-1,target=/pei-build/stage-1 \
    bash /pei-from-host/stage-1/internals/finish-image.sh
# The base image may name another signal, which the entrypoint does not handle.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/entrypoint.sh"]
ARG BASE_IMAGE_1
LABEL io.pei.stage="stage-1" \
    io.pei.version="0.2.0" \
    org.opencontainers.image.title="build-secrets:stage-1" \
    org.opencontainers.image.base.name="${BASE_IMAGE_1}"
