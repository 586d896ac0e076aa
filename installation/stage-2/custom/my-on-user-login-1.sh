#!/usr/bin/env bash
# Sample login hook: prints its own path. It is sourced into each user's shell, so it must neither exit nor
# change shell options, and it keeps quiet in sessions without a prompt, where output would break scp and sftp.

if [[ $- == *i* ]]; then
  printf 'running %s\n' "$(realpath -- "${BASH_SOURCE[0]}")"
fi
