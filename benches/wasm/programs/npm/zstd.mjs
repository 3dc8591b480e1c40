import { createRequire } from "node:module";
import { SCRIPT, bytes } from "./input.mjs";

const zstd = createRequire(import.meta.url)("@bokuweb/zstd-wasm");
await zstd.init();
const packed = zstd.compress(bytes(SCRIPT), 12);
console.log(packed.length, zstd.decompress(packed).length);
