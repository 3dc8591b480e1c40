import { transform } from "lightningcss-wasm";
import { STYLE, bytes } from "./input.mjs";

console.log(transform({ filename: "style.css", code: bytes(STYLE), minify: true }).code.length);
