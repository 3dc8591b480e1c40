// Records what a JavaScript program asks of its WebAssembly module, and what V8 answers: `node --import ./recorder.mjs
// PROGRAM`, with the environment's RECORD as the path without `.wasm` and `.trace` of what is written. The program gets
// its module's exports wrapped, and the module its imports. What the program writes into memory in between is found
// by comparison with a copy.
//
// A trace is a list of events, whose first byte is their kind:
//
//   C name values    an export is called                 E values   it returns          F   it fails
//   T index values   a function of the table is called   E values   it returns          F   it fails
//   I index values   an import is called                 R values   it returns          X   it throws
//   W address bytes  memory was written                  G pages    it was grown        H hash   of it at the end
//
// A value is `n` and a float of 64 bits, or `b` and an integer of 64 bits. All is little-endian; lengths have 32.
import { writeFileSync } from "node:fs";

const PAGE = 65536;
// What is compared at once, and in it, where there is a difference, more closely.
const CHUNK = 16 * PAGE;
const BLOCK = 4096;
const path = process.env.RECORD;
const parts = [];

function event(kind, ...rest) {
  parts.push(Buffer.from(kind), ...rest);
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function sized(bytes) {
  return Buffer.concat([u32(bytes.length), bytes]);
}

function value(value) {
  const bytes = Buffer.alloc(9);
  if (typeof value === "bigint") {
    bytes.write("b");
    bytes.writeBigInt64LE(BigInt.asIntN(64, value), 1);
  } else if (typeof value === "object" || typeof value === "string") {
    throw new Error(`recorder: ${value} is no number`);
  } else {
    bytes.write("n");
    bytes.writeDoubleLE(Number(value), 1);
  }
  return bytes;
}

function values(list) {
  return Buffer.concat([u32(list.length), ...list.map(value)]);
}

// An import without a result may be an arrow function that returns whatever its last call does.
function result(given) {
  return values(given === undefined || typeof given === "object" ? [] : [given]);
}

let recording = false;
let memory = null;
// What memory was when code was last left.
let copy = Buffer.alloc(0);

function leave() {
  if (!memory) return;
  if (copy.length !== memory.buffer.byteLength) copy = Buffer.alloc(memory.buffer.byteLength);
  Buffer.from(memory.buffer).copy(copy);
}

// The parts of a range that differ, each with up to 16 bytes of what does not.
function compare(now, start) {
  const before = copy.subarray(start, start + now.length);
  if (before.equals(now)) return;
  for (let from = 0; from < now.length; ) {
    if (now[from] === before[from]) {
      from++;
      continue;
    }
    let end = from + 1;
    for (let at = end; at < Math.min(now.length, end + 16); at++) if (now[at] !== before[at]) end = at + 1;
    event("W", u32(start + from), sized(Buffer.from(now.subarray(from, end))));
    from = end;
  }
}

function enter() {
  if (!memory) return;
  const now = Buffer.from(memory.buffer);
  const grown = now.length - copy.length;
  if (grown > 0) {
    event("G", u32(grown / PAGE));
    copy = Buffer.concat([copy, Buffer.alloc(grown)]);
  }
  for (let chunk = 0; chunk < now.length; chunk += CHUNK) {
    const end = Math.min(chunk + CHUNK, now.length);
    if (copy.subarray(chunk, end).equals(now.subarray(chunk, end))) continue;
    for (let start = chunk; start < end; start += BLOCK) compare(now.subarray(start, start + BLOCK), start);
  }
}

function wrapExport(kind, callee, call) {
  return (...given) => {
    enter();
    event(kind, callee, values(given.slice(0, call.length)));
    try {
      const answer = call(...given);
      event("E", result(answer));
      return answer;
    } catch (error) {
      event("F");
      throw error;
    } finally {
      leave();
    }
  };
}

function wrapImport(index, call) {
  return (...given) => {
    event("I", u32(index), values(given));
    leave();
    try {
      const answer = call(...given);
      enter();
      event("R", result(answer));
      return answer;
    } catch (error) {
      enter();
      event("X");
      throw error;
    }
  };
}

// FNV-1a over words.
function hash() {
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(memory?.buffer ?? 0)) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

const { Module, Instance } = WebAssembly;
const sources = new WeakMap();

function bytesOf(source) {
  return ArrayBuffer.isView(source)
    ? Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    : Buffer.from(source);
}

function instance(module, imports = {}) {
  const asked = Module.imports(module);
  // Node.js has a module of its own, for HTTP.
  if (asked.some(({ name }) => name === "wasm_on_url")) return new Instance(module, imports);
  if (recording) throw new Error("recorder: a second instance");
  recording = true;
  const wrapped = {};
  asked.forEach(({ module: from, name, kind }, index) => {
    const given = imports[from][name];
    wrapped[from] ??= {};
    wrapped[from][name] = kind === "function" ? wrapImport(index, given) : given;
    if (kind === "memory") memory = given;
  });
  leave();
  const made = new Instance(module, wrapped);
  memory ??= Object.values(made.exports).find((item) => item instanceof WebAssembly.Memory) ?? null;
  leave();
  const exports = {};
  for (const [name, item] of Object.entries(made.exports)) {
    exports[name] = typeof item === "function" ? wrapExport("C", sized(Buffer.from(name)), item) : item;
  }
  process.on("exit", () => {
    event("H", u32(hash()));
    writeFileSync(`${path}.wasm`, sources.get(module));
    writeFileSync(`${path}.trace`, Buffer.concat(parts));
  });
  return Object.create(Instance.prototype, { exports: { value: exports } });
}

function compiled(source) {
  const module = new Module(source);
  sources.set(module, bytesOf(source));
  return module;
}

const { get } = WebAssembly.Table.prototype;
WebAssembly.Table.prototype.get = function (index) {
  const call = get.call(this, index);
  return call && wrapExport("T", u32(index), call);
};
WebAssembly.Module = new Proxy(Module, { construct: (_, [source]) => compiled(source) });
WebAssembly.Instance = new Proxy(Instance, { construct: (_, [module, imports]) => instance(module, imports) });
WebAssembly.compile = async (source) => compiled(source);
WebAssembly.instantiate = async (source, imports) => {
  if (source instanceof Module) return instance(source, imports);
  const module = compiled(source);
  return { module, instance: instance(module, imports) };
};
WebAssembly.instantiateStreaming = undefined;
