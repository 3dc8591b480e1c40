// Runs a module that was compiled here, in a system of Node.js: `run`, after its initialization. If it has `input`,
// which says where the file of that length is wanted, it gets the file.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [, , path, file] = process.argv;
const wasi = new WASI({ version: "preview1" });
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), wasi.getImportObject());
const { exports } = instance;
if (exports._initialize) wasi.initialize(instance);
let argument = 1;
if (exports.input) {
  const bytes = readFileSync(file);
  const place = exports.input(bytes.length);
  new Uint8Array(exports.memory.buffer).set(bytes, place);
  argument = bytes.length;
}
console.log(exports.run(argument));
