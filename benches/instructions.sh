#!/usr/bin/env bash
# Instructions executed for one instruction assembled, by workload and contender, counted by callgrind: they say what remains to be done, and hold on a
# busy machine too. Two runs that differ in the number of rounds alone are subtracted, so that nothing but the rounds counts.
# Usage: [FEATURES=inline] benches/instructions.sh [CONTENDER]...
set -euo pipefail
cd "$(dirname "$0")/.."
peers=${CARGO_TARGET_DIR:-target}/release/tailfirst-peers
cargo build --release --quiet -p tailfirst-peers --features "${FEATURES:-}" --bin tailfirst-peers

# Instructions that a whole run executes.
executed() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$peers" "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}

# Instructions of two rounds more, of the contender and the floor, or of the floor alone.
two_rounds() {
    echo $(($(executed --workload "$1" --only "$2" --rounds 3) - $(executed --workload "$1" --only "$2" --rounds 1)))
}

# A round runs a workload five times; a run assembles this many instructions.
readonly RUNS=10 INSTRUCTIONS=10000
echo "| contender | A | B | C | D | E | F | G | H | I |"
echo "|---|---|---|---|---|---|---|---|---|---|"
declare -A floor
for contender in floor "${@:-tailfirst-slice}"; do
    row="| $contender"
    for workload in A B C D E F G H I; do
        count=$(two_rounds $workload "$contender")
        if [ "$contender" = floor ]; then
            floor[$workload]=$count
        else
            count=$((count - floor[$workload]))
        fi
        row+=" | $(awk -v n="$count" -v d=$((RUNS * INSTRUCTIONS)) 'BEGIN { printf "%.1f", n / d }')"
    done
    echo "$row |"
done

# Blocks of five instructions: each way for the thousand of a round, by the calls in the order of growth, by `block!`, by that in a batch, by `forward`, by
# `begin_block` and `end_block`, and for comparison upward.
blocks=${peers%/*}/blocks
cargo build --release --quiet -p tailfirst-peers --features "${FEATURES:-}" --bin blocks
executed_blocks() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$blocks" "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}
echo
echo "| a block of five | calls | block | batch | forward | pair | up |"
echo "|---|---|---|---|---|---|---|"
for kind in plain branch; do
    row="| $kind"
    for way in calls block batch forward pair up; do
        count=$(($(executed_blocks $way $kind 3) - $(executed_blocks $way $kind 1)))
        row+=" | $(awk -v n="$count" 'BEGIN { printf "%.0f", n / 2000 }')"
    done
    echo "$row |"
done
