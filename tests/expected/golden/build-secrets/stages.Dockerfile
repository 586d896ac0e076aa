# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The further stages. Compose passes every value below; plain docker builds it as well:
#   docker build -f stages.Dockerfile --secret "id=odd.name,src=./secrets/it's \$5 #1 é" --ssh default --target npm -t npm .
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
ARG BASE_IMAGE_NPM=node:20

# ---- npm: a further stage ----
FROM ${BASE_IMAGE_NPM} AS npm
USER 0:0

ARG PEI_DOWNLOAD_MIRROR

# stages.npm.custom.on_build[0]
RUN --mount=type=bind,source=installation/stages/pei-run-hook.sh,target=/pei-build/run-hook.sh \
    --mount=type=bind,source=installation/stage-1/lib,target=/pei-from-host/stage-1/lib \
    --mount=type=bind,source=installation/stages/npm,target=/pei-from-host/stages/npm \
    --mount=type=secret,id=odd.name,target=/run/secrets/odd.name,mode=0444,required=true \
    --mount=type=ssh,mode=0666,required=true \
    ["/bin/sh", "/pei-build/run-hook.sh", "stages/npm/install.sh", "", "stages.npm.custom.on_build[0]"]
