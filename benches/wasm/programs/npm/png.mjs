import encode, { init } from "@jsquash/png/encode.js";
import { bytes, image } from "./input.mjs";

await init(bytes("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"));
console.log((await encode(image(320, 240))).byteLength);
