# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The variables of stage_2.environment.
# shellcheck shell=bash disable=all
# For the reader: containers get them from docker-compose.yml. KEY alone is taken from Compose's environment.
