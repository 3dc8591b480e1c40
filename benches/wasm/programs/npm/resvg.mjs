import { Resvg, initWasm } from "@resvg/resvg-wasm";
import { FONT, bytes, text } from "./input.mjs";

await initWasm(bytes("@resvg/resvg-wasm/index_bg.wasm"));
const paths = ["elsevier", "composer", "unilever"].map((name, at) => {
  const [, path] = text(`simple-icons/icons/${name}.svg`).match(/<path d="([^"]*)"/);
  return `<path transform="translate(${24 * at} 0)" fill="url(#g)" stroke="#246" stroke-width="0.1" d="${path}"/>`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36">
  <defs><linearGradient id="g"><stop stop-color="#f40"/><stop offset="1" stop-color="#04f"/></linearGradient>
  <filter id="f"><feGaussianBlur stdDeviation="0.3"/></filter></defs>${paths.join("")}
  <text x="2" y="33" font-size="6" font-family="DejaVu Sans" filter="url(#f)">Rendering</text></svg>`;
const font = { fontBuffers: [bytes(FONT)], defaultFontFamily: "DejaVu Sans" };
const image = new Resvg(svg, { font, fitTo: { mode: "width", value: 600 } }).render();
console.log(image.width, image.height, image.asPng().length);
