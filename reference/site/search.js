// Searches the forms as one types. A form has one text in lower case, made once, and each word must be in it; what is written around operands is no part of a word. Forms whose mnemonic
// is the first word come first, then those with all words in their names; and of these the ones that every processor has.
"use strict";

const { texts, fields } = REFERENCE;
const forms = REFERENCE.forms.map(values => Object.fromEntries(values.map((value, index) => [fields[index], value])));
const ISAS = ["x86-64", "AArch64"];
const SHOWN = 200;
const byId = id => document.getElementById(id);
const [words, isa, cpu, found, shown, count] = ["words", "isa", "cpu", "found", "form", "count"].map(byId);

const encodingText = form => typeof form.encoding === "string" ? form.encoding : form.encoding.map(([part]) => part).join(" ");
for (const form of forms) {
  form.names = [form.name, ...form.synonyms];
  const parts = [...form.names, form.syntax, encodingText(form), texts[form.title], texts[form.table], texts[form.cpu]];
  form.text = (" " + parts.join(" ")).toLowerCase();
}
const indexOf = new Map(forms.map((form, index) => [ISAS[form.isa] + "/" + form.name, index]));

let hits = [], chosen = -1;

function search() {
  const wanted = words.value.toLowerCase().replace(/#\S*/g, " ").split(/[\s,[\]]+/).filter(word => word);
  const ofIsa = isa.value === "" ? -1 : Number(isa.value), ofCpu = cpu.value;
  const first = wanted[0] || "";
  const ranks = Array.from({ length: 8 }, () => []);
  forms.forEach((form, index) => {
    if (ofIsa >= 0 && form.isa !== ofIsa) return;
    if (ofCpu && !texts[form.cpu].split(" ").includes(ofCpu)) return;
    if (!wanted.every(word => form.text.includes(word))) return;
    const isMnemonic = form.names.some(name => name === first || name.startsWith(first + "_"));
    const areInName = form.names.some(name => wanted.every(word => name.includes(word)));
    const rank = areInName ? (isMnemonic ? 0 : 1) : isMnemonic ? 2 : 3;
    ranks[2 * rank + (texts[form.cpu] ? 1 : 0)].push(index);
  });
  hits = ranks.flat();
  count.textContent = `${hits.length} of ${forms.length} forms` + (hits.length > SHOWN ? `, the first ${SHOWN} are shown` : "");
  found.replaceChildren(...hits.slice(0, SHOWN).map(index => {
    const form = forms[index], item = document.createElement("li"), link = document.createElement("a");
    const name = document.createElement("b"), syntax = document.createElement("span");
    name.textContent = form.name;
    syntax.textContent = `${form.syntax} · ${ISAS[form.isa]}${texts[form.cpu] ? " · " + texts[form.cpu] : ""}`;
    link.append(name, syntax);
    link.href = address(index);
    link.onclick = event => { event.preventDefault(); show(index); };
    item.append(link);
    return item;
  }));
}

// The address says what is searched for and what is shown.
function address(index) {
  const state = [["q", words.value], ["isa", isa.value], ["cpu", cpu.value]];
  if (index >= 0) state.push(["form", ISAS[forms[index].isa] + "/" + forms[index].name]);
  return "#" + state.filter(([, value]) => value).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Boxes: an encoding's parts, from the lowest address or the highest bit.
function diagram(parts, total) {
  const svg = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const WIDTH = 700, picture = svg("svg", { viewBox: `0 0 ${WIDTH} 54`, role: "img", "aria-label": parts.map(part => part.text).join(" ") });
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

const ACCESS = { r: "read", w: "written", rw: "read and written", "-": "not accessed" };

function show(index) {
  found.querySelector("[aria-current]")?.removeAttribute("aria-current");
  chosen = index;
  found.children[hits.indexOf(index)]?.firstChild.setAttribute("aria-current", "true");
  shown.replaceChildren();
  document.title = index < 0 ? "tailfirst: instructions" : `${forms[index].name} · tailfirst`;
  if (index < 0) return;
  const form = forms[index], list = element("dl");
  const add = (term, ...what) => { const dd = element("dd"); dd.append(...what); list.append(element("dt", term), dd); };
  const addText = (term, text) => { if (text) add(term, element("code", text)); };
  shown.append(element("h2", form.name), element("p", texts[form.title]));
  const parts = encodingParts(form);
  shown.append(diagram(parts, parts.reduce((sum, part) => sum + part.units, 0)));
  addText("Syntax", form.syntax);
  addText("Encoding", encodingText(form));
  addText("Rust", `enc.${form.name}(${form.arguments.map(([name]) => name).join(", ")})`);
  addText("Other names", form.synonyms.join(", "));
  if (form.arguments.length) addText("Operands", form.arguments.map(([name, access]) => `${name}: ${ACCESS[access] || access}`).join("; "));
  addText(form.isa ? "Must hold" : "Implicit", texts[form.notes]);
  addText("Flags", texts[form.flags]);
  add("CPU features", texts[form.cpu] || "every processor of the instruction set");
  if (texts[form.feature]) addText("Cargo feature", texts[form.feature]);
  if (form.alias) {
    const link = element("a", form.alias), target = indexOf.get(ISAS[form.isa] + "/" + form.alias);
    link.href = target === undefined ? "#" : address(target);
    link.onclick = event => { event.preventDefault(); if (target !== undefined) show(target); };
    add("Same code as", link);
  }
  if (form.example) { addText("With", form.example[0] || "no operands"); add("gives", element("span", form.example[1], "bytes")); }
  add("Table", element("code", `tables/${texts[form.table]}`));
  shown.append(list);
  history.replaceState(null, "", address(index));
}

function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  words.value = state.get("q") || "";
  isa.value = state.get("isa") || "";
  cpu.value = state.get("cpu") || "";
  const wanted = state.get("form"), index = wanted === null ? -1 : indexOf.get(wanted) ?? -1;
  search();
  show(index >= 0 ? index : wanted === null && words.value && hits.length ? hits[0] : -1);
  const at = hits.indexOf(chosen);
  if (at > 0 && at < SHOWN) found.children[at].scrollIntoView({ block: "center" });
}

function changed() {
  search();
  show(hits.length ? hits[0] : -1);
  history.replaceState(null, "", address(chosen));
}

const features = new Set(forms.flatMap(form => texts[form.cpu].split(" ")).filter(name => name && !name.includes("|")));
cpu.append(...[...features].sort().map(name => new Option(name, name)));
for (const control of [words, isa, cpu]) control.addEventListener("input", changed);
byId("search").addEventListener("submit", event => event.preventDefault());
addEventListener("hashchange", restore);
addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement !== words) { event.preventDefault(); words.focus(); words.select(); }
  if (event.key === "Escape") { words.value = ""; changed(); words.focus(); }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (document.activeElement && document.activeElement.tagName === "SELECT") return;
    event.preventDefault();
    const at = hits.indexOf(chosen), next = Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), Math.min(hits.length, SHOWN) - 1);
    if (next >= 0) { show(hits[next]); found.children[next].scrollIntoView({ block: "nearest" }); }
  }
});
restore();
