# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The working image. Compose passes every value below; plain docker builds it as well:
#   docker build -f stage-2.Dockerfile -t ob:two .
# --build-arg overrides these values. `true` and `false` have no effect here: they decided which steps this file has.

ARG BASE_IMAGE=nvidia/cuda:12.6.3-devel-ubuntu24.04
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
ARG PEI_HTTP_PROXY_2=http://10.1.2.3:7890
ARG PEI_HTTPS_PROXY_2=http://10.1.2.3:7890
ARG ENABLE_GLOBAL_PROXY=true
ARG REMOVE_GLOBAL_PROXY_AFTER_BUILD=true

# ---- stage-2: the working image ----
FROM ${BASE_IMAGE} AS stage-2
USER root
ENV PEI_STAGE_DIR_1=/pei-from-host/stage-1 \
    PEI_DOCKER_DIR=/pei-init
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

ARG PEI_HTTP_PROXY_2
ARG PEI_HTTPS_PROXY_2
ARG http_proxy=${PEI_HTTP_PROXY_2}
ARG https_proxy=${PEI_HTTPS_PROXY_2}
ARG HTTP_PROXY=${PEI_HTTP_PROXY_2}
ARG HTTPS_PROXY=${PEI_HTTPS_PROXY_2}
ARG no_proxy=localhost,127.0.0.1,::1

RUN --mount=type=bind,source=installation/stage-1/internals/set-up-base.sh,target=/pei-build/stage-1/internals/set-up-base.sh \
    for tool in bash apt-get dpkg useradd; do \
        command -v "$tool" >/dev/null || { echo "pei: the base image has no $tool; it must be Debian or Ubuntu, or made from one of them" >&2; exit 1; }; \
    done; \
    bash /pei-build/stage-1/internals/set-up-base.sh --keep-ssh

RUN --mount=type=bind,source=installation/stage-1/internals/install-packages.sh,target=/pei-build/stage-1/internals/install-packages.sh \
    --mount=type=bind,source=installation/stage-1/lib/clean.sh,target=/pei-build/stage-1/lib/clean.sh \
    --mount=type=bind,source=installation/stage-1/lib/log.sh,target=/pei-build/stage-1/lib/log.sh \
    --mount=type=bind,source=installation/stage-1/lib/sources.sh,target=/pei-build/stage-1/lib/sources.sh \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-nvidia-cuda-12.6.3-devel-ubuntu24.04,target=/var/cache/pei-apt,sharing=locked \
    bash /pei-build/stage-1/internals/install-packages.sh \
        ca-certificates curl git less micro nano net-tools netbase patch psmisc sshpass sudo tmux unzip

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
    --mount=type=bind,source=installation/stage-2/custom/build.sh,target=/pei-build/files/stage-2/custom/build.sh \
    --mount=type=bind,source=installation/stage-2/custom/install-gui-tools.sh,target=/pei-build/files/stage-2/custom/install-gui-tools.sh \
    --mount=type=bind,source=installation/stage-2/custom/install-my-conda.sh,target=/pei-build/files/stage-2/custom/install-my-conda.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-build-1.sh,target=/pei-build/files/stage-2/custom/my-build-1.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-build-2.sh,target=/pei-build/files/stage-2/custom/my-build-2.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-every-run-1.sh,target=/pei-build/files/stage-2/custom/my-on-every-run-1.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-every-run-2.sh,target=/pei-build/files/stage-2/custom/my-on-every-run-2.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-first-run-1.sh,target=/pei-build/files/stage-2/custom/my-on-first-run-1.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-first-run-2.sh,target=/pei-build/files/stage-2/custom/my-on-first-run-2.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-user-login-1.sh,target=/pei-build/files/stage-2/custom/my-on-user-login-1.sh \
    --mount=type=bind,source=installation/stage-2/custom/my-on-user-login-2.sh,target=/pei-build/files/stage-2/custom/my-on-user-login-2.sh \
    --mount=type=bind,source=installation/stage-2/custom/test-params-echo.bash,target=/pei-build/files/stage-2/custom/test-params-echo.bash \
    --mount=type=bind,source=installation/stage-2/system,target=/pei-build/files/stage-2/system \
    --mount=type=bind,source=installation/stage-2/tmp,target=/pei-build/files/stage-2/tmp \
    --mount=type=bind,source=installation/stage-2/utilities,target=/pei-build/files/stage-2/utilities \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-nvidia-cuda-12.6.3-devel-ubuntu24.04,target=/var/cache/pei-apt,sharing=locked \
    ["bash", "/pei-build/files/stage-1/lib/run-build-hook.sh", "stage-2/custom/build.sh", "--now", "stage_2.custom.on_build[0]"]

# stage_2.custom.on_build[1]
RUN --mount=type=bind,source=installation/stage-1/lib,target=/pei-build/files/stage-1/lib \
    --mount=type=bind,source=installation/stage-1/system/uv,target=/pei-build/files/stage-1/system/uv \
    --mount=type=bind,source=installation/stage-1/tmp,target=/pei-build/files/stage-1/tmp \
    --mount=type=bind,source=installation/stage-2/system,target=/pei-build/files/stage-2/system \
    --mount=type=bind,source=installation/stage-2/tmp,target=/pei-build/files/stage-2/tmp \
    --mount=type=bind,source=installation/stage-1/internals/apt-cache.conf,target=/etc/apt/apt.conf.d/zz-pei-cache.conf \
    --mount=type=cache,id=pei-apt-nvidia-cuda-12.6.3-devel-ubuntu24.04,target=/var/cache/pei-apt,sharing=locked \
    ["bash", "/pei-build/files/stage-1/lib/run-build-hook.sh", "stage-2/system/uv/install-uv.sh", "--user dev", "stage_2.custom.on_build[1]"]

# Scripts of stage-1 that those of stage-2 call. In a base made by pei, they replace the older ones.
COPY --chmod=755 ["installation/stage-1/lib", "/pei-from-host/stage-1/lib"]
COPY --chmod=755 ["installation/stage-1/internals", "/pei-from-host/stage-1/internals"]
COPY --chmod=755 ["installation/stage-1/system", "/pei-from-host/stage-1/system"]

COPY --chmod=755 ["installation/stage-2", "/pei-from-host/stage-2"]
ARG KEEP_APT_SOURCE_FILE
ARG APT_KEEP_PROXY
RUN --mount=type=bind,source=installation/stage-1/system,target=/pei-build/stage-1/system \
    --mount=type=bind,source=installation/stage-2,target=/pei-build/stage-2 \
    bash /pei-from-host/stage-1/internals/finish-image.sh
# The base image may name another signal, which the entrypoint does not handle.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/entrypoint.sh"]
ARG BASE_IMAGE
LABEL io.pei.stage="stage-2" \
    io.pei.version="0.2.0" \
    org.opencontainers.image.title="ob:two" \
    org.opencontainers.image.base.name="${BASE_IMAGE}"
