#!/usr/bin/env bash
# What it costs to build each assembler, in three tables: a clean release build of an empty crate that depends on it; what the features of
# tailfirst cost; and the rebuild of a crate that uses it, which is the benchmark's own code for that assembler (benches/peers/src).
#
#     benches/build_cost.sh [RUNS]          the best of so many runs (default 2)
#
# The crates of a table take turns, so that other work on the machine meets them alike. CPU seconds (user) bear it better than
# wall-clock seconds; both depend on the machine, their order much less.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
runs=${1:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR

# The dependency as benches/peers/ has it, so the version that the benchmark measures.
peer() { grep "^$1 = " benches/peers/Cargo.toml; }

declare -A wall cpu

# Notes the seconds of a command under a name, if they are the least so far.
timed() {
    local name=$1 took
    shift
    took=$({ TIMEFORMAT='%R %U'; time "$@" >"$work/log" 2>&1; } 2>&1) || { cat "$work/log" >&2; return 1; }
    read -r took_wall took_cpu <<<"$took"
    wall[$name]=$(printf '%s\n' "$took_wall" ${wall[$name]:+"${wall[$name]}"} | sort -n | head -1)
    cpu[$name]=$(printf '%s\n' "$took_cpu" ${cpu[$name]:+"${cpu[$name]}"} | sort -n | head -1)
}

# A crate of this name with these lines of [dependencies].
crate() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n%s\n[workspace]\n' "$2" >"$work/$1/Cargo.toml"
    touch "$work/$1/src/lib.rs"
    cargo fetch --quiet --manifest-path "$work/$1/Cargo.toml"
}

build() { cargo build --quiet --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$2" "${@:3}"; }

# Clean builds of crates, in turns.
clean() {
    local crates=("$@")
    # Not counted: the first build finds nothing in the system's caches.
    build "${crates[0]}" target --release
    for _ in $(seq "$runs"); do
        for name in "${crates[@]}"; do
            rm -rf "$work/target"
            timed "$name" build "$name" target --release
        done
    done
    printf '\n| crate | wall s | CPU s |\n|---|---|---|\n'
    for name in "${crates[@]}"; do printf '| %s | %.1f | %.1f |\n' "$name" "${wall[$name]}" "${cpu[$name]}"; done
}

tailfirst() { crate "$1" "tailfirst = { path = \"$root\", default-features = false, features = [\"std\", $2] }"; }

crate tailfirst "tailfirst = { path = \"$root\" }"
crate iced-x86 "iced-x86 = \"$(peer iced-x86 | sed 's/.*version = "\([^"]*\)".*/\1/')\""
crate iced-x86-code-asm "$(peer iced-x86)"
crate dynasm "$(peer dynasm; peer dynasmrt)"
crate cranelift-assembler-x64 "$(peer cranelift-assembler-x64)"
crate asmkit-rs "$(peer asmkit-rs)"
clean tailfirst iced-x86 iced-x86-code-asm dynasm cranelift-assembler-x64 asmkit-rs

tailfirst x64 '"x64"'
tailfirst x64-avx '"x64-avx"'
tailfirst x64-avx512 '"x64-avx512"'
tailfirst x64-apx '"x64-apx"'
tailfirst x64-avx10 '"x64-avx10"'
tailfirst x64-hints '"x64-hints"'
tailfirst x64-full '"x64-full"'
tailfirst aarch64 '"aarch64"'
tailfirst aarch64-neon '"aarch64-neon"'
tailfirst aarch64-sve+sme '"aarch64-sve", "aarch64-sme"'
tailfirst aarch64-full '"aarch64-full"'
tailfirst full '"x64-full", "aarch64-full"'
tailfirst full+forms '"x64-full", "aarch64-full", "forms"'
clean x64 x64-avx x64-avx512 x64-apx x64-avx10 x64-hints x64-full aarch64 aarch64-neon aarch64-sve+sme aarch64-full full full+forms

# The benchmark with a single contender, in one of its variants (of which an instruction set each).
user() {
    local contender=$1 name=user-$1 source=$root/benches/peers/src
    crate "$name" "$(peer fastrand)"$'\n'"$2"
    mkdir -p "$work/$name/src/contender"
    cp "$source/workload.rs" "$work/$name/src/"
    cp "$source/contender/$contender.rs" "$work/$name/src/contender/"
    sed -e "/^pub mod /{/ $contender;/!d}" -e "/^        Box::new(/{/[(]$contender::/!d; /Slice\|ToMemory\|EncodeAndCopy/d}" \
        -e "/^    if wanted(<tailfirst::Region/,/^    }/d" "$source/contender/mod.rs" >"$work/$name/src/contender/mod.rs"
    printf '#![allow(dead_code, unused)]\nmod contender;\nmod workload;\npub use workload::Inputs;\npub fn all(inputs: &Inputs) -> Vec<Box<dyn contender::Contender>> {\n    contender::all(inputs, |_| true)\n}\n' >"$work/$name/src/lib.rs"
    cargo fetch --quiet --manifest-path "$work/$name/Cargo.toml"
    # What it depends on, and a first build.
    build "$name" "$name-target" --release
    build "$name" "$name-target"
}

contenders=(tailfirst iced dynasm cranelift asmkit)
user tailfirst "tailfirst = { path = \"$root\", features = [\"exec\"] }"
user iced "$(peer iced-x86)"
user dynasm "$(peer dynasm; peer dynasmrt)"
user cranelift "$(peer cranelift-assembler-x64)"
user asmkit "$(peer asmkit-rs)"
for run in $(seq $((runs * 2))); do
    for name in "${contenders[@]}"; do
        echo "pub fn changed_$run() {}" >>"$work/user-$name/src/contender/$name.rs"
        timed "$name-release" build "user-$name" "user-$name-target" --release
        timed "$name-dev" build "user-$name" "user-$name-target"
    done
done
printf '\n| crate that uses | release wall s | release CPU s | dev, incremental, wall s | dev CPU s |\n|---|---|---|---|---|\n'
for name in "${contenders[@]}"; do
    printf '| %s | %.2f | %.2f | %.2f | %.2f |\n' \
        "$name" "${wall[$name-release]}" "${cpu[$name-release]}" "${wall[$name-dev]}" "${cpu[$name-dev]}"
done
