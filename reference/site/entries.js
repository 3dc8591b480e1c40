// What can be found: forms, the functions that choose among them, and names of operands. An entry has one text in lower case, made once, in which words are searched.
"use strict";

const { texts } = REFERENCE;
const ISAS = ["x86-64", "AArch64"];
const KINDS = { form: "form", selector: "selector", value: "by value", name: "name" };
const records = ({ fields, rows }) => rows.map(values => Object.fromEntries(values.map((value, index) => [fields[index], value])));
const forms = records(REFERENCE.forms), functions = records(REFERENCE.functions);

const encodingText = form => typeof form.encoding === "string" ? form.encoding : form.encoding.map(([part]) => part).join(" ");
const call = (name, parameters) => `enc.${name}(${parameters.join(", ")})`;
// What comes before details, without marks of code.
const briefly = text => text.replaceAll("`", "").split(/[:.] |[:.]$/)[0];

// Kind, instruction set, names in lower case, the list's second line, CPU features; and `id`, by which links name it, under a key that stays when a selector becomes something else.
function entry(kind, isa, name, others, line, cpu, id, more, data) {
  const names = [name, ...others].map(text => text.toLowerCase());
  const text = (" " + [...names, line, cpu, ...more].join(" ")).toLowerCase();
  return { kind, isa, name, names, line, cpu, text, key: kind === "form" || kind === "name" ? kind : "function", id, data };
}

const formEntry = form => entry("form", form.isa, form.name, form.synonyms, form.syntax, texts[form.cpu], `${ISAS[form.isa]}/${form.name}`,
  [encodingText(form), texts[form.title], texts[form.table]], form);
const functionEntry = fn => entry(fn.kind, fn.isa, fn.name, fn.synonyms, briefly(fn.docs[0] || ""), texts[fn.cpu], `${ISAS[fn.isa]}/${fn.name}`,
  [fn.docs[0], KINDS[fn.kind], texts[fn.file]], fn);

// The numbers of a name's fields, from the highest.
function numbers(type, value) {
  let low = type.fields.reduce((sum, [, width]) => sum + width, 0);
  return type.fields.map(([field, width]) => { low -= width; return { field, width, number: value >> low & (1 << width) - 1 }; });
}

// What assemblers call a system register that they have no name for.
function genericName(type, value) {
  const [op0, op1, crn, crm, op2] = numbers(type, value).map(({ number }) => number);
  return type.ty === "SysReg" ? `S${op0}_${op1}_C${crn}_C${crm}_${op2}` : "";
}

const ACCESS = { r: "read", w: "written", rw: "read and written", "-": "not accessed" };

function nameEntry(type, [title, name, value, access]) {
  const constant = `${type.ty}::${name.toUpperCase()}`, mnemonics = new Set(type.functions.map(([fn]) => fn.split("_")[0]));
  const line = access ? `${constant} · ${ACCESS[access]}` : constant;
  return entry("name", 1, name, [...mnemonics].map(mnemonic => `${mnemonic}_${name}`), line, "", `${type.ty}/${name}`, [texts[title], genericName(type, value)], { type, title, name, value, access, constant });
}

const entries = [...functions.map(functionEntry), ...forms.map(formEntry), ...REFERENCE.types.flatMap(type => type.names.map(name => nameEntry(type, name)))];
const indexOf = new Map(entries.map(({ key, id }, index) => [`${key}=${id}`, index]));
// A form or function by its name.
const indexOfCall = (isa, name) => indexOf.get(`function=${ISAS[isa]}/${name}`) ?? indexOf.get(`form=${ISAS[isa]}/${name}`);
