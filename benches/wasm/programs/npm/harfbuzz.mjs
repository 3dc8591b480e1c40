import { FONT, bytes } from "./input.mjs";

// The part of HarfBuzz that makes small fonts of large ones, called as its README does.
const module = new WebAssembly.Module(bytes("harfbuzzjs/dist/harfbuzz-subset.wasm"));
const { exports: hb } = new WebAssembly.Instance(module);
const font = bytes(FONT);
const place = hb.malloc(font.length);
new Uint8Array(hb.memory.buffer).set(font, place);
const face = hb.hb_face_create(hb.hb_blob_create(place, font.length, 2, 0, 0), 0);
const input = hb.hb_subset_input_create_or_fail();
const wanted = hb.hb_subset_input_unicode_set(input);
for (let letter = 0x20; letter < 0x600; letter++) hb.hb_set_add(wanted, letter);
const blob = hb.hb_face_reference_blob(hb.hb_subset_or_fail(face, input));
console.log(hb.hb_blob_get_length(blob));
