# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# All stages in one file, for ./build-merged.sh, which passes the values of merged.env.
# --build-arg overrides these values. `true` and `false` have no effect here: they decided which steps this file has.

ARG BASE_IMAGE=px:one
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
ARG PEI_HTTP_PROXY_2=http://10.1.2.3:8888
ARG PEI_HTTPS_PROXY_2=http://10.1.2.3:8888
ARG ENABLE_GLOBAL_PROXY=false
ARG REMOVE_GLOBAL_PROXY_AFTER_BUILD=true
ARG BASE_IMAGE_1=ubuntu:22.04
ARG WITH_SSH=true
ARG SSH_USER_NAME=a
ARG SSH_USER_UID=
ARG SSH_USER_GID=
ARG SSH_CONTAINER_PORT=22
ARG APT_SOURCE_FILE=aliyun
ARG KEEP_APT_SOURCE_FILE=false
ARG APT_USE_PROXY=true
ARG APT_KEEP_PROXY=true
ARG PEI_STAGE_DIR_1=/pei-from-host/stage-1
ARG PEI_HTTP_PROXY_1=http://10.1.2.3:3128
ARG PEI_HTTPS_PROXY_1=https://10.1.2.3:3128
ARG PEI_STAGE_HOST_DIR_1=./installation/stage-1

# ---- stage-1-core: slow steps that rarely change; the images build on it ----
FROM ${BASE_IMAGE_1} AS stage-1-core
USER root
ENV PEI_STAGE_DIR_1=/pei-from-host/stage-1 \
    PEI_DOCKER_DIR=/pei-init

ARG PEI_HTTP_PROXY_1
ARG PEI_HTTPS_PROXY_1
ARG http_proxy=${PEI_HTTP_PROXY_1}
ARG https_proxy=${PEI_HTTPS_PROXY_1}
ARG HTTP_PROXY=${PEI_HTTP_PROXY_1}
ARG HTTPS_PROXY=${PEI_HTTPS_PROXY_1}
ARG no_proxy=localhost,127.0.0.1,::1

RUN --mount=type=bind,source=installation/stage-1/internals/set-up-base.sh,target=/pei-build/stage-1/internals/set-up-base.sh \
    for tool in bash apt-get dpkg useradd; do \
        command -v "$tool" >/dev/null || { echo "pei: the base image has no $tool; it must be Debian or Ubuntu, or made from one of them" >&2; exit 1; }; \
    done; \
    bash /pei-build/stage-1/internals/set-up-base.sh

# The sources of packages.
ARG APT_SOURCE_FILE
ARG APT_USE_PROXY
RUN --mount=type=bind,source=installation/stage-1/internals/set-up-apt.sh,target=/pei-build/stage-1/internals/set-up-apt.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    bash /pei-build/stage-1/internals/set-up-apt.sh

RUN --mount=type=bind,source=installation/stage-1/internals/install-packages.sh,target=/pei-build/stage-1/internals/install-packages.sh \
    --mount=type=bind,source=installation/stage-1/lib/clean.sh,target=/pei-build/stage-1/lib/clean.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    --mount=type=bind,source=installation/stage-1/lib/sources.sh,target=/pei-build/stage-1/lib/sources.sh \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-ubuntu-22.04-aliyun,target=/var/cache/pei-apt,sharing=locked \
    bash /pei-build/stage-1/internals/install-packages.sh \
        ca-certificates curl git less micro nano net-tools netbase openssh-client openssh-server patch psmisc sshpass sudo tmux unzip xauth

# The accounts. Their passwords and keys are set in the last step.
ARG SSH_USER_NAME
ARG SSH_USER_UID
ARG SSH_USER_GID
RUN --mount=type=bind,source=installation/stage-1/internals/create-users.sh,target=/pei-build/stage-1/internals/create-users.sh \
    --mount=type=bind,source=installation/stage-1/lib/clean.sh,target=/pei-build/stage-1/lib/clean.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    bash /pei-build/stage-1/internals/create-users.sh

ARG SSH_CONTAINER_PORT
RUN --mount=type=bind,source=installation/stage-1/internals/set-up-sshd.sh,target=/pei-build/stage-1/internals/set-up-sshd.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    --mount=type=bind,source=installation/stage-1/lib/sshd.sh,target=/pei-build/stage-1/lib/sshd.sh \
    bash /pei-build/stage-1/internals/set-up-sshd.sh no

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
# A mounted file is stored in no layer. podman does not notice that it changed, so the ARG holds its checksum.
ARG SSH_CREDENTIALS_SUM
RUN --mount=type=bind,source=.pei/secrets,target=/pei-build/secrets \
    bash /pei-from-host/stage-1/internals/set-credentials.sh
# The base image may name another signal, which the entrypoint does not handle.
STOPSIGNAL SIGTERM
# Healthy means that sshd answers. Failures during the first ten minutes do not count, since hooks may take long.
HEALTHCHECK --interval=5s --timeout=5s --start-period=10m CMD ["/bin/bash", "/pei-from-host/stage-1/internals/health.sh"]
ENTRYPOINT ["/entrypoint.sh"]
ARG BASE_IMAGE_1
LABEL io.pei.stage="stage-1" \
    io.pei.version="0.2.0" \
    org.opencontainers.image.title="px:one" \
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

# An ARG of the stage below also holds in this one, so the proxy is switched off here.
ARG http_proxy=
ARG https_proxy=
ARG HTTP_PROXY=
ARG HTTPS_PROXY=
ARG no_proxy=

RUN --mount=type=bind,source=installation/stage-1/internals/set-up-storage.sh,target=/pei-build/stage-1/internals/set-up-storage.sh \
    bash /pei-build/stage-1/internals/set-up-storage.sh

ARG PEI_HTTP_PROXY_2
ARG PEI_HTTPS_PROXY_2
ENV PEI_HTTP_PROXY_2=${PEI_HTTP_PROXY_2} \
    PEI_HTTPS_PROXY_2=${PEI_HTTPS_PROXY_2}

COPY --chmod=755 ["installation/stage-1", "/pei-from-host/stage-1"]
COPY --chmod=755 ["installation/stage-2", "/pei-from-host/stage-2"]
ARG KEEP_APT_SOURCE_FILE
ARG APT_KEEP_PROXY
RUN --mount=type=bind,source=installation/stage-1,target=/pei-build/stage-1 \
    --mount=type=bind,source=installation/stage-2,target=/pei-build/stage-2 \
    bash /pei-from-host/stage-1/internals/finish-image.sh
# A mounted file is stored in no layer. podman does not notice that it changed, so the ARG holds its checksum.
ARG SSH_CREDENTIALS_SUM
RUN --mount=type=bind,source=.pei/secrets,target=/pei-build/secrets \
    bash /pei-from-host/stage-1/internals/set-credentials.sh
# The base image may name another signal, which the entrypoint does not handle.
STOPSIGNAL SIGTERM
# Healthy means that sshd answers. Failures during the first ten minutes do not count, since hooks may take long.
HEALTHCHECK --interval=5s --timeout=5s --start-period=10m CMD ["/bin/bash", "/pei-from-host/stage-1/internals/health.sh"]
ENTRYPOINT ["/entrypoint.sh"]
ARG BASE_IMAGE_1
LABEL io.pei.stage="stage-2" \
    io.pei.version="0.2.0" \
    org.opencontainers.image.title="px:two" \
    org.opencontainers.image.base.name="${BASE_IMAGE_1}"
