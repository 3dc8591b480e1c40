#!/usr/bin/env bash
# Compiles the programs here to WebAssembly 2.0 without vectors, into the folder that is given. Wants of Debian: clang-16,
# lld-16, wasi-libc, libclang-rt-16-dev-wasm32, jq.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
mkdir -p "$out"

clang=(clang-16 --target=wasm32-wasi -O2 -w -msign-ext -mbulk-memory -mnontrapping-fptoint)
for program in fib gemm jacobi mandelbrot sha256 sieve sort; do
    "${clang[@]}" -nostdlib -Wl,--no-entry "$program.c" -o "$out/$program.wasm"
done

# What they use of C's library comes along.
library=("${clang[@]}" -mexec-model=reactor -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS)
emulated=(-lm -lwasi-emulated-signal -lwasi-emulated-process-clocks)
source_of() {
    cargo metadata --format-version 1 --manifest-path sources/Cargo.toml |
        jq -r --arg name "$1" '.packages[] | select(.name == $name) | .manifest_path | rtrimstr("/Cargo.toml")'
}
sqlite=$(source_of libsqlite3-sys)/sqlite3
"${library[@]}" \
    -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DISABLE_LFS -I"$sqlite" \
    sqlite.c "$sqlite/sqlite3.c" "$sqlite/wasm32-wasi-vfs.c" "${emulated[@]}" -o "$out/sqlite.wasm"
lua=$(source_of lua-src)/lua-5.4.9
mapfile -t parts < <(find "$lua" -name 'l*.c' ! -name lua.c ! -name luac.c)
"${library[@]}" -Iwithout_setjmp -Dl_signalT=int -DL_tmpnam=32 -I"$lua" \
    lua.c "${parts[@]}" "${emulated[@]}" -o "$out/lua.wasm"
ls -l "$out"
