import encode, { init } from "@jsquash/jpeg/encode.js";
import { bytes, image } from "./input.mjs";

await init(await WebAssembly.compile(bytes("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm")));
console.log((await encode(image(320, 240), { quality: 80 })).byteLength);
