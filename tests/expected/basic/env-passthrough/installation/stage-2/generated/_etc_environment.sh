# Written by pei; it replaces this file and saves an edited one as NAME.bak first. pei:----------------
# The variables of stage_2.environment.
# shellcheck shell=bash disable=all
# Not used by containers: these variables come from docker-compose.yml. The value of a KEY alone comes from Compose's environment.
LOG_LEVEL='${LOG_LEVEL:-info}'
DATABASE_URL='postgres://${DB_HOST:-db}:${DB_PORT:-5432}/shop'
# API_TOKEN
