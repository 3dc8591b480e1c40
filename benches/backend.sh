#!/usr/bin/env bash
# The back end of a thousand calls (benches/backend): what each contender costs where it is used, as tables in Markdown.
#
#     benches/backend.sh [--quick] [--only NAME]... [PART]...
#
# Parts, all of them without one: `times` (ns an instruction), `fragments` (ns and allocations of small ones), `counts` (executed instructions and misses of the first
# instruction cache, by callgrind), `size` (.text of the back end), `build` (CPU seconds to build it) and `debug` (times unoptimized). `--quick` takes fewer rounds, and
# `times` alone if no part is named. Contenders that are not named by `--only` are not built; tailfirst-batch is measured only if it is named.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

contenders=()
parts=()
rounds=60
while [ $# -gt 0 ]; do
    case $1 in
        --quick) rounds=15; shift ;;
        --only) contenders+=("$2"); shift 2 ;;
        times | fragments | counts | size | build | debug) parts+=("$1"); shift ;;
        *) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
    esac
done
[ ${#contenders[@]} -gt 0 ] || contenders=(tailfirst tailfirst-up tailfirst-outlined luajit luajit-outlined dynasm iced)
if [ ${#parts[@]} -eq 0 ]; then
    if [ $rounds -lt 60 ]; then parts=(times); else parts=(times fragments counts size build debug); fi
fi

# The runner with these contenders, in a profile.
runner() {
    local features
    features=$(IFS=, && echo "${contenders[*]}")
    cargo build --quiet --profile "$1" -p tailfirst-backend --no-default-features --features "$features"
    runner=$CARGO_TARGET_DIR/${1/#dev/debug}/tailfirst-backend
}

part_times() {
    runner release
    "$runner" times $rounds
}

part_fragments() {
    runner release
    "$runner" fragments $((rounds * 5))
}

part_debug() {
    runner dev
    echo "Unoptimized:"
    echo
    "$runner" times 5
}

# "instructions misses" of a run. The cache is that of many machines, so that the misses do not depend on this one.
executed() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 --LL=33554432,16,64 \
        "$runner" run "$@" 2>&1 | awk '/ Collected :/ { sub(/.*Collected : /, ""); print $1, $4 }'
}

# Two runs that differ in the number of rounds alone are subtracted.
part_counts() {
    runner release
    echo "| executed for one assembled | instructions | by Zipf's law | I1 misses | by Zipf's law |"
    echo "|---|---|---|---|---|"
    local name draw row
    for name in "${contenders[@]}"; do
        row=()
        for draw in even zipf; do
            row+=("$(executed "$name" $draw 1) $(executed "$name" $draw 3) $("$runner" instructions $draw)")
        done
        echo "$name ${row[*]}" | awk '{ per = 2 * $6; zipf = 2 * $11
            printf "| %s | %.1f | %.1f | %.2f | %.2f |\n", $1, ($4 - $2) / per, ($9 - $7) / zipf, ($5 - $3) / per, ($10 - $8) / zipf }'
    done
}

part_size() {
    runner release
    local calls name
    calls=$("$runner" calls)
    echo "| machine code | bytes (.text) of the back end | a call of $calls |"
    echo "|---|---|---|"
    for name in "${contenders[@]}"; do
        cargo build --quiet --release -p "backend-$name"
        size -A "$CARGO_TARGET_DIR/release/libbackend_${name//-/_}.rlib" |
            awk -v name="$name" -v calls="$calls" '/^\.text/ { sum += $2 } END { printf "| %s | %d | %.0f |\n", name, sum, sum / calls }'
    done
}

# CPU seconds, user and system, of all processes of a command of cargo. One of the back end's arms is another each time.
changed=0
seconds() {
    local took TIMEFORMAT='%U %S'
    took=$({ time BACKEND_CHANGED_ARM=$changed cargo "$@" --quiet >&2; } 2>&1 | tail -1)
    awk '{ print $1 + $2 }' <<<"$took"
}

# What is built beforehand is not counted: the assembler and the generator. The least of two turns, in which the contenders alternate.
part_build() {
    local -A least
    local name turn command kind took
    for name in "${contenders[@]}"; do
        for command in 'build --release' build check; do
            # shellcheck disable=SC2086 # two words
            cargo $command --quiet -p "backend-$name"
        done
    done
    for turn in 1 2; do
        for name in "${contenders[@]}"; do
            kind=0
            for command in 'build --release' build build check check; do
                # The first of two has nothing to start from, the second what the first left.
                case $kind in 1 | 3) rm -rf "$CARGO_TARGET_DIR/debug/incremental/backend_${name//-/_}"-* ;; esac
                changed=$((changed + 1))
                # shellcheck disable=SC2086
                took=$(seconds $command -p "backend-$name")
                least[$name,$kind]=$(printf '%s\n' "$took" ${least[$name,$kind]:-} | sort -n | head -1)
                kind=$((kind + 1))
            done
        done
    done
    echo "| CPU s to build the back end | release | dev | dev, one arm changed | check | check, one arm changed |"
    echo "|---|---|---|---|---|---|"
    for name in "${contenders[@]}"; do
        printf '| %s ' "$name"
        for kind in 0 1 2 3 4; do printf '| %.2f ' "${least[$name,$kind]}"; done
        echo '|'
    done
}

for part in "${parts[@]}"; do
    "part_$part"
    echo
done
