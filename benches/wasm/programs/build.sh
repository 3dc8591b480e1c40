#!/usr/bin/env bash
# Makes the modules that are checked and measured, each with a trace of what it does, in the folder that is given.
# Those in C are compiled to WebAssembly 2.0 without vectors; the others come from packages, as they are. Wants
# Node.js, and of Debian: clang-16, lld-16, wasi-libc, libclang-rt-16-dev-wasm32, jq.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
work=$out/work
mkdir -p "$work"

record() {
    RECORD=$out/$1 node --import "$PWD/recorder.mjs" "${@:2}" > "$work/$1.log" || { cat "$work/$1.log"; return 1; }
    echo "$1 recorded"
}

cp npm/* "$work"
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
for program in "$work"/*.mjs; do
    name=$(basename "$program" .mjs)
    [[ $name == input ]] || record "$name" "$program"
done

clang=(clang-16 --target=wasm32-wasi -O2 -w -msign-ext -mbulk-memory -mnontrapping-fptoint)
for program in fib gemm jacobi mandelbrot sha256 sieve sort; do
    "${clang[@]}" -nostdlib -Wl,--no-entry "$program.c" -o "$work/$program.wasm"
    record "c_$program" run.mjs "$work/$program.wasm"
done

# What they use of C's library comes along.
library=("${clang[@]}" -mexec-model=reactor -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS)
emulated=(-lm -lwasi-emulated-signal -lwasi-emulated-process-clocks)
source_of() {
    cargo metadata --format-version 1 --manifest-path sources/Cargo.toml |
        jq -r --arg name "$1" '.packages[] | select(.name == $name) | .manifest_path | rtrimstr("/Cargo.toml")'
}
lua=$(source_of lua-src)/lua-5.4.9
mapfile -t parts < <(find "$lua" -name 'l*.c' ! -name lua.c ! -name luac.c)
"${library[@]}" -Iwithout_setjmp -Dl_signalT=int -DL_tmpnam=32 -I"$lua" \
    lua.c "${parts[@]}" "${emulated[@]}" -o "$work/lua.wasm"
record c_lua run.mjs "$work/lua.wasm"
parser=$(source_of tree-sitter)
grammar=$(source_of tree-sitter-javascript)/src
"${library[@]}" -I"$parser/include" -I"$parser/src" -I"$grammar" \
    treesitter.c "$parser/src/lib.c" "$grammar/parser.c" "$grammar/scanner.c" "${emulated[@]}" -o "$work/treesitter.wasm"
record c_treesitter run.mjs "$work/treesitter.wasm" "$work/node_modules/bootstrap/dist/js/bootstrap.js"
