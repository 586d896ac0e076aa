# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The variables of stage_2.environment.
# shellcheck shell=bash disable=all
# Not used by containers: these variables come from docker-compose.yml. The value of a KEY alone comes from Compose's environment.
NVIDIA_VISIBLE_DEVICES='all'
