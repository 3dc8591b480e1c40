import sourceMap from "source-map";
import { SCRIPT, text } from "./input.mjs";

const map = JSON.parse(text(`${SCRIPT}.map`));
await sourceMap.SourceMapConsumer.with(map, null, (consumer) => {
  let sum = 0;
  for (let line = 1; line < 4000; line += 50) sum += consumer.originalPositionFor({ line, column: 8 }).line ?? 0;
  console.log(sum);
});
