#!/bin/bash
set -e
apt-get install -y --no-install-recommends hello
