# The commands that a contributor needs. `just` lists them, docs/contributing.md explains them.

_list:
    @{{ just_executable() }} --list --unsorted

# Format, lints, rustdoc and all tests without containers: a minute
check:
    scripts/test.sh fast

# The tests whose name contains FILTER, such as docs, golden:: or bad_configs
test FILTER:
    cargo test --locked {{ quote(FILTER) }}

# Write the pinned texts anew (tests/expected, docs/reference); read the diff afterwards
bless FILTER="":
    SNAPSHOTS=overwrite cargo test --locked {{ quote(FILTER) }}

# shellcheck, the schema, the shell library and the installers
scripts:
    scripts/test.sh scripts

# One file of the container tests, such as hooks; -n REGEX chooses tests
[positional-arguments]
container *ARGS:
    scripts/container-tests.sh "$@"

# The pages of the installers, from their --help
script-docs:
    scripts/script-docs.sh

# The documentation as a site, in target/site; checks its links
site:
    scripts/site.sh

# Put faults into the templates: do the tests notice?
mutations:
    scripts/mutations.sh

# Everything that a change must pass, real containers too: as CI
all:
    scripts/test.sh

# Really install every tool; after a change of an installer or of its library
installers:
    scripts/test.sh installers
