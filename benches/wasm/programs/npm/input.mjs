// What the programs here work on: files of packages, and an image.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export const path = (name) => require.resolve(name);
export const bytes = (name) => readFileSync(path(name));
export const text = (name) => readFileSync(path(name), "utf8");

export const STYLE = "bootstrap/dist/css/bootstrap.css";
export const SCRIPT = "bootstrap/dist/js/bootstrap.js";
export const FONT = "dejavu-fonts-ttf/ttf/DejaVuSans.ttf";

// Waves, edges and a little noise.
export function image(width, height) {
  const data = new Uint8ClampedArray(4 * width * height);
  let noise = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      noise = (Math.imul(noise, 1103515245) + 12345) >>> 0;
      const edge = ((x >> 5) ^ (y >> 5)) & 1 ? 60 : 0;
      const wave = 128 + 80 * Math.sin(x / 19 + y / 11);
      data.set([(x * 2 + edge) & 255, wave, (y + (noise >>> 28)) & 255, 255], 4 * (y * width + x));
    }
  }
  return { data, width, height, colorSpace: "srgb" };
}
