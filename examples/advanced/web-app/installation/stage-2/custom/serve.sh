#!/bin/bash
# Serves the pages; in place of the application's own server.
set -Eeuo pipefail
python3 -m http.server 8000 --directory /soft/app/www >/var/log/web-app.log 2>&1 &
