import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";

const quickjs = await newQuickJSWASMModuleFromVariant(variant);
const result = quickjs.evalCode(`
  const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2);
  const words = {};
  const text = "the quick brown fox jumps over the lazy dog ".repeat(500);
  for (const word of text.split(" ")) words[word] = (words[word] ?? 0) + 1;
  const sorted = Array.from({ length: 20000 }, (_, i) => i * 7919 % 10007).sort((a, b) => a - b);
  const json = JSON.stringify(JSON.parse(JSON.stringify({ words, sorted })));
  json.replace(/(\\d)(\\d)/g, "$2$1").length + fib(21)`);
console.log(result);
