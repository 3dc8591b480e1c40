#!/usr/bin/env bash
# Bytes of machine code that a call of an encoder function inlines to, by form, with operands known at compile time and at run time: all of a function that
# makes just this call, with its entry and exit and the call of the slow path.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet -p tailfirst-peers --bin call_sites
nm -S -t d --defined-only "$target/release/call_sites" | awk '
    $4 ~ /^(constant|variable)_/ {
        split($4, part, "_")
        size[part[1], part[2]] = $2 + 0
        forms[part[2]]
    }
    END {
        print "| form | constant operands | run-time operands |"
        print "|---|---|---|"
        for (form in forms) {
            constant = (("constant", form) in size) ? size["constant", form] : ""
            print "| " form " | " constant " | " size["variable", form] " |" | "sort"
        }
    }'
