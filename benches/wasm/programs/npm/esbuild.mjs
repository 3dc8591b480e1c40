import fs from "node:fs";
import { createRequire } from "node:module";
import nodePath from "node:path";
import { SCRIPT, bytes, path } from "./input.mjs";

Object.assign(globalThis, { fs, path: nodePath });
createRequire(import.meta.url)("esbuild-wasm/wasm_exec.js");
const go = new globalThis.Go();
go.argv = ["esbuild", "--minify", "--sourcemap=inline", path(SCRIPT), "--outfile=/dev/null"];
go.env = { GOMAXPROCS: "1" };
go.exit = (code) => console.log(code);
const { instance } = await WebAssembly.instantiate(bytes("esbuild-wasm/esbuild.wasm"), go.importObject);
await go.run(instance);
