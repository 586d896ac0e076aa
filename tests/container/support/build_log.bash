# What a build has done, from its plain progress output.
#
# shellcheck shell=bash

# executed_steps LOG: the steps that really ran, one a line: "[stage-2 tail 3/4] RUN …". Steps that BuildKit took
# from its cache, FROM and its own housekeeping are left out.
executed_steps() {
    awk '
        /^#[0-9]+ \[[^]]*[0-9]+\/[0-9]+\] / && !($1 in name) {
            step = $0
            sub(/^#[0-9]+ /, "", step)
            name[$1] = step
            order[++count] = $1
        }
        /^#[0-9]+ CACHED/ { cached[$1] = 1 }
        /^#[0-9]+ (DONE|ERROR)/ { ended[$1] = 1 }
        END {
            for (i = 1; i <= count; i++) {
                id = order[i]
                if (name[id] ~ /\] FROM / || cached[id] || !ended[id]) continue
                print name[id]
            }
        }
    ' "$1" | sort -u
}

# no_step_ran LOG
no_step_ran() {
    local steps
    steps=$(executed_steps "$1")
    [[ -z $steps ]] || fail "steps ran, but none should have:" "$steps"
}

# no_step_matches LOG REGEX: none of the steps that ran matches.
no_step_matches() {
    local steps
    steps=$(executed_steps "$1" | grep -iE -e "$2" || true)
    [[ -z $steps ]] || fail "these steps ran, but should not have:" "$steps"
}

# step_names LOG: the same steps, named as people speak of them: "stage-1-core: install-packages" (a script of
# internals), "stage-2: stage-2/custom/two.sh two" (a build hook and its arguments), "stage-1: copy stage-1" (a tree).
# A step that ran twice is listed twice.
step_names() {
    executed_steps "$1" | sed -E '
        s/^\[([^] ]+ )?([^] ]+) +[0-9]+\/[0-9]+\] /\2: /
        s/: .*run-build-hook\.sh", "([^"]*)", "([^"]*)", "[^"]*"\].*/: \1 \2/
        s/: .*internals\/([a-z-]+)\.sh( .*)?$/: \1/
        s/: COPY .*\["?installation\/([^",]*).*/: copy \1/
        s/ $//' | sort
}

# only_ran LOG STEP...: these steps and no other, each once.
only_ran() {
    local log=$1
    shift
    equal "$(printf '%s\n' "$@" | sort)" "$(step_names "$log")" 'the steps that ran'
}

# ran LOG TEXT: how often a hook has said it; what hooks say begins with `hook-`.
ran() {
    grep -cF -e "$2" <(sed -E 's/^#[0-9]+ [0-9.]+ //' "$1" | grep '^hook-') || true
}
