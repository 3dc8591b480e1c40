import oniguruma from "vscode-oniguruma";
import { SCRIPT, bytes, text } from "./input.mjs";

await oniguruma.loadWASM({ data: bytes("vscode-oniguruma/release/onig.wasm") });
const scanner = new oniguruma.OnigScanner([
  "\\b(?:function|return|const|class|if|else|new)\\b",
  "\"(?:[^\"\\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\\n]|\\\\.)*'",
  "/\\*[\\s\\S]*?\\*/|//.*$",
  "(?<name>[\\p{L}_$][\\w$]*)\\s*(?=\\()",
  "0x\\h+|\\d+(?:\\.\\d+)?",
]);
let found = 0;
for (const line of text(SCRIPT).split("\n").slice(0, 1000)) {
  const string = new oniguruma.OnigString(line);
  for (let at = 0, match; (match = scanner.findNextMatchSync(string, at)); found++) {
    at = Math.max(at + 1, match.captureIndices[0].end);
  }
  string.dispose();
}
console.log(found);
