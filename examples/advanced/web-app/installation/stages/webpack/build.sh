#!/bin/sh
# In place of `npx webpack`: one file of all scripts, beside the page.
set -eu
[ "$1" = --out ] || exit 2
mkdir -p "$2"
{
  echo "// ${MODE}"
  cat /app/node_modules/*/index.js /app/src/*.js
} >"$2/app.js"
cp /app/src/index.html "$2"
