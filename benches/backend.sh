#!/usr/bin/env bash
# The back end of a thousand calls (benches/backend): what each contender costs where it is used, as tables in Markdown.
#
#     benches/backend.sh [--only NAME]... [PART]...
#
# Parts: `times` (ns an instruction), `counts` (executed instructions and misses of the first instruction cache, by callgrind), `size` (.text of the back end) and `build` (CPU
# seconds, user and system, of all processes); without one, all of them. With `--only` just these contenders are built.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
export CARGO_TARGET_DIR=$target

all=(tailfirst tailfirst-up tailfirst-outlined luajit luajit-outlined dynasm iced)
contenders=()
parts=()
while [ $# -gt 0 ]; do
    case $1 in
        --only) contenders+=("$2"); shift 2 ;;
        times | counts | size | build) parts+=("$1"); shift ;;
        *) sed -n '2,7s/^# \?//p' "$0" >&2; exit 2 ;;
    esac
done
[ ${#contenders[@]} -gt 0 ] || contenders=("${all[@]}")
[ ${#parts[@]} -gt 0 ] || parts=(times counts size build)

runner() {
    cargo build --quiet --release -p tailfirst-backend --no-default-features --features "$(IFS=,; echo "${contenders[*]}")"
    runner=$target/release/tailfirst-backend
}

times() {
    runner
    printf '\n'
    "$runner" times "${ROUNDS:-60}"
}

# "instructions misses" of so many rounds. The cache is that of many machines, so that the misses do not depend on this one.
executed() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 --LL=33554432,16,64 "$runner" run "$@" 2>&1 |
        awk '/ Collected :/ { split($0, part, ":"); split(part[2], event, " "); print event[1], event[4] }'
}

counts() {
    runner
    printf '\n| executed for one assembled | instructions | by Zipf | I1 misses | by Zipf |\n|---|---|---|---|---|\n'
    for name in "${contenders[@]}"; do
        local row=() draw
        for draw in even zipf; do
            row+=("$(echo "$(executed "$name" $draw 1) $(executed "$name" $draw 3) $("$runner" instructions $draw)" |
                awk '{ printf "%.1f %.3f", ($3 - $1) / 2 / $5, ($4 - $2) / 2 / $5 }')")
        done
        echo "$name ${row[*]}" | awk '{ printf "| %s | %s | %s | %s | %s |\n", $1, $2, $4, $3, $5 }'
    done
}

size_of() {
    size -A "$target/release/libbackend_${1//-/_}.rlib" 2>/dev/null | awk '/^\.text/ { sum += $2 } END { print sum + 0 }'
}

size_() {
    runner
    local calls
    calls=$("$runner" calls)
    printf '\n| machine code | .text of the back end | bytes a call of %s |\n|---|---|---|\n' "$calls"
    for name in "${contenders[@]}"; do
        cargo build --quiet --release -p "backend-$name"
        local bytes
        bytes=$(size_of "$name")
        echo "$name $bytes $calls" | awk '{ printf "| %s | %d | %.0f |\n", $1, $2, $2 / $3 }'
    done
}

changed=0
# CPU seconds of a command of cargo on a contender, one of whose arms is new.
rebuild() {
    changed=$((changed + 1))
    local TIMEFORMAT='%U %S'
    { time BACKEND_CHANGED_ARM=$changed cargo "$@" --quiet >&2; } 2>&1 | tail -1 | awk '{ print $1 + $2 }'
}

# The least of two.
least() { printf '%s\n' "$@" | sort -n | head -1; }

build() {
    printf '\n| CPU s to build the back end | release | dev | dev, one arm changed | check | check, one arm changed |\n|---|---|---|---|---|---|\n'
    declare -A seconds
    local name turn kind
    for name in "${contenders[@]}"; do
        cargo build --quiet --release -p "backend-$name"
        cargo build --quiet -p "backend-$name"
        cargo check --quiet -p "backend-$name"
    done
    for turn in 1 2; do
        for name in "${contenders[@]}"; do
            # Odd and even numbers apart, so that no two runs build the same.
            local crate=backend_${name//-/_} took=()
            changed=$((changed + 10))
            took+=("$(rebuild build --release -p "backend-$name")")
            rm -rf "$target"/debug/incremental/"$crate"-*
            changed=$((changed + 1))
            took+=("$(rebuild build -p "backend-$name")")
            changed=$((changed + 1))
            took+=("$(rebuild build -p "backend-$name")")
            rm -rf "$target"/debug/incremental/"$crate"-*
            changed=$((changed + 1))
            took+=("$(rebuild check -p "backend-$name")")
            changed=$((changed + 1))
            took+=("$(rebuild check -p "backend-$name")")
            for kind in 0 1 2 3 4; do
                seconds[$name$kind]=$(least "${took[$kind]}" ${seconds[$name$kind]:-})
            done
        done
    done
    for name in "${contenders[@]}"; do
        printf '| %s ' "$name"
        for kind in 0 1 2 3 4; do printf '| %.2f ' "${seconds[$name$kind]}"; done
        printf '|\n'
    done
}

for part in "${parts[@]}"; do
    case $part in
        size) size_ ;;
        *) "$part" ;;
    esac
done
