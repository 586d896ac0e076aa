# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# All stages in one file, for ./build-merged.sh, which passes the values of merged.env.
# --build-arg overrides these values. `true` and `false` have no effect here: they decided which steps this file has.

ARG BASE_IMAGE=build-secrets:stage-1
ARG WITH_ESSENTIAL_APPS=true
ARG PEI_STAGE_HOST_DIR_2=./installation/stage-2
ARG PEI_STAGE_DIR_2=/pei-from-host/stage-2
ARG PEI_PREFIX_DATA=data
ARG PEI_PREFIX_APPS=app
ARG PEI_PREFIX_WORKSPACE=workspace
ARG PEI_PREFIX_VOLUME=volume
ARG PEI_PREFIX_IMAGE=image
ARG PEI_PATH_HARD=/hard
ARG PEI_PATH_SOFT=/soft
ARG PEI_HTTP_PROXY_2=http://host.docker.internal:7890
ARG PEI_HTTPS_PROXY_2=http://host.docker.internal:7890
ARG ENABLE_GLOBAL_PROXY=false
ARG REMOVE_GLOBAL_PROXY_AFTER_BUILD=false
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
ARG PEI_STAGE_HOST_DIR_1=./installation/stage-1

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

# ---- stage-2: the working image ----
FROM stage-1-core AS stage-2
ENV PEI_STAGE_DIR_2=/pei-from-host/stage-2 \
    PEI_PREFIX_DATA=data \
    PEI_PREFIX_APPS=app \
    PEI_PREFIX_WORKSPACE=workspace \
    PEI_PREFIX_VOLUME=volume \
    PEI_PREFIX_IMAGE=image \
    PEI_PATH_HARD=/hard \
    PEI_PATH_SOFT=/soft \
    PEI_SOFT_APPS=/soft/app \
    PEI_SOFT_DATA=/soft/data \
    PEI_SOFT_WORKSPACE=/soft/workspace

RUN --mount=type=bind,source=installation/stage-1/internals/set-up-storage.sh,target=/pei-build/stage-1/internals/set-up-storage.sh \
    bash /pei-build/stage-1/internals/set-up-storage.sh

ARG PEI_HTTP_PROXY_2
ARG PEI_HTTPS_PROXY_2
ENV PEI_HTTP_PROXY_2=${PEI_HTTP_PROXY_2} \
    PEI_HTTPS_PROXY_2=${PEI_HTTPS_PROXY_2}

# A build hook sees the files that its step mounts. `pei configure` updates the lists when files are added or
# removed. Scripts that only run-time hooks use are not mounted, so editing them repeats no build hook.
# To make installers download from a mirror: --build-arg PEI_DOWNLOAD_MIRROR=URL
ARG PEI_DOWNLOAD_MIRROR

# stage_2.custom.on_build[0]
RUN --mount=type=bind,source=installation/stage-1/custom,target=/pei-build/files/stage-1/custom \
    --mount=type=bind,source=installation/stage-1/lib,target=/pei-build/files/stage-1/lib \
    --mount=type=bind,source=installation/stage-1/system,target=/pei-build/files/stage-1/system \
    --mount=type=bind,source=installation/stage-1/tmp,target=/pei-build/files/stage-1/tmp \
    --mount=type=bind,source=installation/stage-2/custom,target=/pei-build/files/stage-2/custom \
    --mount=type=bind,source=installation/stage-2/system,target=/pei-build/files/stage-2/system \
    --mount=type=bind,source=installation/stage-2/tmp,target=/pei-build/files/stage-2/tmp \
    --mount=type=bind,source=installation/stage-2/utilities,target=/pei-build/files/stage-2/utilities \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-ubuntu-24.04,target=/var/cache/pei-apt,sharing=locked \
    --mount=type=secret,id=index_token,target=/run/secrets/index_token,mode=0444,required=true \
    --mount=type=secret,id=netrc,target=/run/secrets/netrc,mode=0444,required=true \
    --mount=type=ssh,mode=0666,required=true \
    ["bash", "/pei-build/files/stage-1/lib/run-build-hook.sh", "stage-2/custom/use-secrets.sh", "", "stage_2.custom.on_build[0]"]

COPY --chmod=755 ["installation/stage-1", "/pei-from-host/stage-1"]
COPY --chmod=755 ["installation/stage-2", "/pei-from-host/stage-2"]
ARG KEEP_APT_SOURCE_FILE
ARG APT_KEEP_PROXY
RUN --mount=type=bind,source=installation/stage-1,target=/pei-build/stage-1 \
    --mount=type=bind,source=installation/stage-2,target=/pei-build/stage-2 \
    bash /pei-from-host/stage-1/internals/finish-image.sh
# The base image may name another signal, which the entrypoint does not handle.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/entrypoint.sh"]
ARG BASE_IMAGE_1
LABEL io.pei.stage="stage-2" \
    io.pei.version="0.2.0" \
    org.opencontainers.image.title="build-secrets:stage-2" \
    org.opencontainers.image.base.name="${BASE_IMAGE_1}"
