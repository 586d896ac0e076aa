#!/usr/bin/env bash
# Build the documentation as a site in target/site, and check its links.
#
# Usage:   site.sh
# Reads:   nothing; needs mdbook, which install-test-tools.sh installs
# Root:    no
# Network: no
set -Eeuo pipefail
shopt -s inherit_errexit

repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo
# Beside the pages, what they link to: scripts and configs are files of the site.
readonly CONTENT=(README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md LICENSE docs examples installation templates/config ':!examples/*/*/app/*')

main() {
    local source=$repo/target/site-src
    cd -- "$repo"
    rm -rf -- "$source" target/site
    mkdir -p "$source"
    # mdBook copies everything beside the pages, so its source is not the repository itself, with target and .git.
    git ls-files -z -- "${CONTENT[@]}" | tar -c --null -T - | tar -x -C "$source"
    # docs/SUMMARY.md names the pages as seen from docs, where readers and tests of its links find it; mdBook wants it on top.
    sed -E 's#\]\(#](docs/#; s#\]\(docs/\.\./#](#' "$source/docs/SUMMARY.md" >"$source/SUMMARY.md"
    rm -- "$source/docs/SUMMARY.md"
    # A README.md is the index of its directory, but mdBook leaves links to it as they are.
    find "$source" -name '*.md' ! -name SUMMARY.md -exec sed -i -E 's#(\]\([^):]*)README\.md([)\#])#\1index.md\2#g' {} +
    mdbook build
    python3 scripts/check-site-links.py target/site
}

main "$@"
