# Text of a test as a YAML scalar.
#
# shellcheck shell=bash

# yaml_text TEXT: the text as a double-quoted scalar, whatever it holds.
yaml_text() {
    local text=$1
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    printf '"%s"' "$text"
}
