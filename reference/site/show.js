// What is shown of an entry: a title, a picture of its bits, and terms with what they say.
"use strict";

function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Prose with code between backticks.
function prose(text) {
  const made = element("p");
  made.append(...text.split("`").map((part, index) => index % 2 ? element("code", part) : part));
  return made;
}

// Boxes: an encoding's parts, from the lowest address or the highest bit.
function diagram(parts) {
  const svg = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const WIDTH = 700, total = parts.reduce((sum, part) => sum + part.units, 0);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} 54`, role: "img", "aria-label": parts.map(part => part.text).join(" ") });
  let at = 0;
  for (const { text, units, fixed, below } of parts) {
    const x = at / total * WIDTH, width = units / total * WIDTH;
    picture.append(svg("rect", { x, y: 1, width, height: 30, class: fixed ? "fixed" : "" }));
    const size = Math.min(13, width / Math.max(text.length, 1) * 1.55);
    picture.append(svg("text", { x: x + width / 2, y: 20, style: `font-size:${size}px` }, text));
    if (below) picture.append(svg("text", { x: x + width / 2, y: 46, class: "small" }, below));
    at += units;
  }
  return picture;
}

function encodingParts(form) {
  if (typeof form.encoding !== "string") {
    let high = 32;
    return form.encoding.map(([text, width]) => {
      const low = high - width, below = width > 1 ? `${high - 1}–${low}` : `${low}`;
      high = low;
      return { text, units: width, fixed: /^[01]/.test(text), below };
    });
  }
  return form.encoding.split(" ").map(text => ({
    text, units: Math.max(text.length, 2), fixed: /^([0-9A-F]{2}|REX|VEX|EVEX|XOP|NP)/.test(text), below: meaning(text),
  }));
}

function meaning(word) {
  if (/^(VEX|EVEX|XOP|REX)/.test(word)) return "prefix";
  if (/^[0-9A-F]{2}/.test(word)) return "byte";
  if (/^\/r/.test(word)) return "ModRM";
  if (/^\/[0-7]$/.test(word)) return "ModRM.reg";
  if (/^i[bwdqo]$/.test(word)) return "immediate";
  if (/^c[bwd]$/.test(word)) return "distance";
  if (/^\/is/.test(word)) return "register";
  return "";
}

// A list of terms; what says nothing is left out.
class Terms {
  list = element("dl");
  add(term, ...what) { const dd = element("dd"); dd.append(...what); this.list.append(element("dt", term), dd); }
  text(term, text) { if (text) this.add(term, element("code", text)); }
  // Links to functions of an instruction set, each with what stands behind it.
  links(term, isa, names, behind = () => "") {
    const items = names.map(name => {
      const index = indexOfCall(isa, name), item = element("li"), link = element("a", name);
      if (index === undefined) return element("li", name);
      link.href = address(index);
      link.onclick = event => { event.preventDefault(); show(index); };
      item.append(link, element("span", behind(index)));
      return item;
    });
    if (!items.length) return;
    const list = element("ul");
    list.append(...items);
    this.add(term, list);
  }
  needs(cpu, feature) {
    this.add("CPU features", cpu || "every processor of the instruction set");
    this.text("Cargo feature", feature);
  }
  // The functions that choose this one.
  choosers({ isa, name }) {
    const choosers = functions.filter(fn => fn.isa === isa && fn.of.includes(name));
    const names = kind => choosers.filter(fn => fn.kind === kind).map(fn => fn.name);
    this.links("Chosen by", isa, names("selector"), index => entries[index].line);
    this.links("By value", isa, names("value"), index => entries[index].line);
  }
}

function showForm(form, terms) {
  shown.append(element("p", texts[form.title]), diagram(encodingParts(form)));
  terms.text("Syntax", form.syntax);
  terms.text("Encoding", encodingText(form));
  terms.text("Rust", call(form.name, form.arguments.map(([name]) => name)));
  terms.choosers(form);
  terms.text("Other names", form.synonyms.join(", "));
  terms.text("Operands", form.arguments.map(([name, access]) => `${name}: ${ACCESS[access] || access}`).join("; "));
  for (const type of form.isa ? REFERENCE.types.filter(type => type.functions.some(([name]) => name === form.name)) : []) {
    const link = element("a", `${type.names.length} names of ${type.ty}`);
    link.href = `#q=${type.ty}&kind=name`;
    terms.add("Takes", link);
  }
  terms.text(form.isa ? "Must hold" : "Implicit", texts[form.notes]);
  terms.text("Flags", texts[form.flags]);
  terms.needs(texts[form.cpu], texts[form.feature]);
  if (form.alias) terms.links("Same code as", form.isa, [form.alias]);
  if (form.example) { terms.text("With", form.example[0] || "no operands"); terms.add("gives", element("span", form.example[1], "bytes")); }
  terms.text("Table", `tables/${texts[form.table]}`);
}

function showFunction(fn, terms) {
  shown.append(...fn.docs.map(prose));
  terms.text("Rust", call(fn.name, fn.arguments));
  terms.text("Declared", fn.declaration);
  terms.text("Other names", fn.synonyms.join(", "));
  terms.links("Chooses from", fn.isa, fn.of, index => entries[index].line);
  terms.choosers(fn);
  terms.needs(texts[fn.cpu], texts[fn.feature]);
  terms.text("From", texts[fn.file]);
}

function showName({ type, title, name, value, access, constant }, terms) {
  const parts = numbers(type, value);
  const bits = parts.map(({ field, width, number }) => ({ text: number.toString(2).padStart(width, "0"), units: width, fixed: true, below: field }));
  shown.append(element("p", texts[title]), diagram(bits));
  terms.text("Rust", constant);
  if (access) terms.add("Access", ACCESS[access]);
  terms.text("Numbers", parts.map(({ field, number }) => `${field} ${number}`).join(", "));
  terms.text("Without a name", genericName(type, value));
  const calls = use => type.functions.filter(([, itsUse]) => itsUse === use).map(([fn]) => fn);
  const withName = index => {
    const { data } = entries[index], parameter = type.functions.find(([fn]) => fn === data.name)[2];
    return call(data.name, data.arguments.map(argument => [argument].flat()[0]).map(argument => argument === parameter ? constant : argument));
  };
  if (access.includes("r")) terms.links("Read by", 1, calls("r"), withName);
  if (access.includes("w")) terms.links("Written by", 1, calls("w"), withName);
  if (!access) terms.links("Taken by", 1, [...calls("r"), ...calls("w")], withName);
}

const SHOW = { form: showForm, selector: showFunction, value: showFunction, name: showName };

function showEntry({ kind, isa, name, data }) {
  const terms = new Terms(), heading = element("h2", name);
  heading.append(element("small", `${KINDS[kind]} · ${ISAS[isa]}`));
  shown.append(heading);
  SHOW[kind](data, terms);
  shown.append(terms.list);
}
