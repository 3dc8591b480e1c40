#!/usr/bin/env bash
# What it costs to build each assembler: a clean release build of an empty crate that depends on it, one after the other, in one go. Then what the
# features of tailfirst cost. Prints a table; seconds of wall-clock time depend on the machine, their order much less.
#
#     benches/build_cost.sh [RUNS]          the best of so many runs (default 2)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
runs=${1:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The versions are those that benches/peers/ measures.
version() { sed -n "s/^$1 = .*\"=\([0-9.]*\)\".*/\1/p" benches/peers/Cargo.toml; }

# name, then the lines of [dependencies]
measure() {
    local name=$1 best=
    mkdir -p "$work/$name/src"
    printf '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n%s\n[workspace]\n' "$2" >"$work/$name/Cargo.toml"
    echo >"$work/$name/src/lib.rs"
    (cd "$work/$name" && cargo fetch --quiet)
    for _ in $(seq "$runs"); do
        rm -rf "$work/target"
        local start end
        start=$(date +%s%N)
        (cd "$work/$name" && cargo build --release --quiet --target-dir "$work/target")
        end=$(date +%s%N)
        local took=$(((end - start) / 1000000))
        if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
    done
    printf '| %-42s | %6.1f |\n' "$name" "$(printf '%d.%03d' $((best / 1000)) $((best % 1000)))"
}

echo "| crate | seconds |"
echo "|---|---|"
measure "tailfirst" "tailfirst = { path = \"$root\" }"
measure "tailfirst-x64" "tailfirst = { path = \"$root\", default-features = false, features = [\"std\", \"x64\"] }"
measure "tailfirst-aarch64" "tailfirst = { path = \"$root\", default-features = false, features = [\"std\", \"aarch64\"] }"
measure "tailfirst-forms" "tailfirst = { path = \"$root\", features = [\"forms\"] }"
measure "iced-x86" "iced-x86 = \"=$(version iced-x86)\""
measure "iced-x86-code-asm" "iced-x86 = { version = \"=$(version iced-x86)\", features = [\"code_asm\"] }"
measure "dynasm" "dynasm = \"=$(version dynasm)\"
dynasmrt = \"=$(version dynasmrt)\""
measure "cranelift-assembler-x64" "cranelift-assembler-x64 = \"=$(version cranelift-assembler-x64)\""
measure "asmkit-rs" "asmkit-rs = { version = \"=$(version asmkit-rs)\", default-features = false, features = [\"x86\", \"aarch64\"] }"
