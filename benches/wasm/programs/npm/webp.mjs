import encode, { init } from "@jsquash/webp/encode.js";
import { bytes, image } from "./input.mjs";

await init(await WebAssembly.compile(bytes("@jsquash/webp/codec/enc/webp_enc.wasm")));
console.log((await encode(image(160, 120), { quality: 75, method: 4 })).byteLength);
