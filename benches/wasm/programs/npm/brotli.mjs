import { createRequire } from "node:module";
import { SCRIPT, bytes } from "./input.mjs";

const brotli = createRequire(import.meta.url)("brotli-wasm");
const packed = brotli.compress(bytes(SCRIPT), { quality: 9 });
console.log(packed.length, brotli.decompress(packed).length);
