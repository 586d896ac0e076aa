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
# The site also contains the scripts and configs that the pages link to.
readonly CONTENT=(README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md LICENSE docs examples installation templates/config ':!examples/*/*/app/*')

main() {
    local source=$repo/target/site-src
    cd -- "$repo"
    rm -rf -- "$source" target/site
    mkdir -p "$source"
    # mdBook copies all files in its source directory, so that cannot be the repository, which has target and .git.
    git ls-files -z -- "${CONTENT[@]}" | tar -c --null -T - | tar -x -C "$source"
    # The links of docs/SUMMARY.md are relative to docs, as readers and tests expect; mdBook needs the file at the top.
    sed -E 's#\]\(#](docs/#; s#\]\(docs/\.\./#](#' "$source/docs/SUMMARY.md" >"$source/SUMMARY.md"
    rm -- "$source/docs/SUMMARY.md"
    # mdBook writes a README.md as the index of its directory, but does not change the links to it.
    find "$source" -name '*.md' ! -name SUMMARY.md -exec sed -i -E 's#(\]\([^):]*)README\.md([)\#])#\1index.md\2#g' {} +
    mdbook build
    python3 scripts/check-site-links.py target/site
}

main "$@"
