// Searches the entries as one types. Each word must be in an entry's text; what is written around operands is no part of a word. First comes what has just this name, then what begins with
// the first word and has all in its name, and so on; and of these selectors come first, then forms that every processor has, functions by value, other forms, names.
"use strict";

const SHOWN = 200;
const byId = id => document.getElementById(id);
const [words, isa, kind, cpu, found, shown, count] = ["words", "isa", "kind", "cpu", "found", "entry", "count"].map(byId);
const TITLE = document.title;

let hits = [], chosen = -1;

const ORDERS = 5;
for (const entry of entries) entry.order = { selector: 0, form: entry.cpu ? 3 : 1, value: 2, name: 4 }[entry.kind];

function rank(entry, wanted, first, whole) {
  let best = 4;
  for (const name of entry.names) {
    if (name === whole) return 0;
    const begins = name.startsWith(first) && (name.length === first.length || name[first.length] === "_");
    best = Math.min(best, wanted.every(word => name.includes(word)) ? (begins ? 1 : 2) : begins ? 3 : 4);
  }
  return best;
}

function search() {
  const wanted = words.value.toLowerCase().replace(/#\S*/g, " ").split(/[\s,[\]]+/).filter(word => word);
  const first = wanted[0] || "", whole = wanted.join("_");
  const ofIsa = isa.value === "" ? -1 : Number(isa.value), ofKind = kind.value, ofCpu = cpu.value;
  const ranks = Array.from({ length: 5 * ORDERS }, () => []);
  entries.forEach((entry, index) => {
    if (ofIsa >= 0 && entry.isa !== ofIsa) return;
    if (ofKind && entry.kind !== ofKind) return;
    if (ofCpu && !entry.cpu.split(" ").includes(ofCpu)) return;
    if (!wanted.every(word => entry.text.includes(word))) return;
    ranks[ORDERS * rank(entry, wanted, first, whole) + entry.order].push(index);
  });
  hits = ranks.flat();
  count.textContent = `${hits.length.toLocaleString("en")} found among ${AMOUNTS}` + (hits.length > SHOWN ? `; the first ${SHOWN} are shown` : "");
  found.replaceChildren(...hits.slice(0, SHOWN).map(index => {
    const entry = entries[index], item = document.createElement("li"), link = document.createElement("a");
    link.append(element("b", entry.name));
    if (entry.kind !== "form") link.append(element("i", KINDS[entry.kind]));
    link.append(element("span", `${entry.line} · ${ISAS[entry.isa]}${entry.cpu ? " · " + entry.cpu : ""}`));
    link.href = address(index);
    link.onclick = event => { event.preventDefault(); show(index); };
    item.append(link);
    return item;
  }));
}

const amount = name => entries.filter(entry => entry.kind === name).length.toLocaleString("en");
const AMOUNTS = `${amount("form")} forms, ${amount("selector")} selectors, ${amount("value")} functions by value, ${amount("name")} names`;

// The address says what is searched for and what is shown.
function address(index) {
  const state = [["q", words.value], ["isa", isa.value], ["kind", kind.value], ["cpu", cpu.value]];
  if (index >= 0) state.push([entries[index].key, entries[index].id]);
  return "#" + state.filter(([, value]) => value).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join("&");
}

function show(index) {
  found.querySelector("[aria-current]")?.removeAttribute("aria-current");
  chosen = index;
  found.children[hits.indexOf(index)]?.firstChild.setAttribute("aria-current", "true");
  shown.replaceChildren();
  // Later, when the page is laid out anyway.
  requestAnimationFrame(() => { shown.scrollTop = 0; });
  document.title = index < 0 ? TITLE : `${entries[index].name} · tailfirst`;
  if (index < 0) return;
  showEntry(entries[index]);
  history.replaceState(null, "", address(index));
}

function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const [key, control] of [["q", words], ["isa", isa], ["kind", kind], ["cpu", cpu]]) control.value = state.get(key) || "";
  const link = ["form", "function", "name"].find(key => state.has(key));
  const index = link ? indexOf.get(`${link}=${state.get(link)}`) ?? -1 : -1;
  search();
  show(index >= 0 ? index : !link && words.value && hits.length ? hits[0] : -1);
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
for (const control of [words, isa, kind, cpu]) control.addEventListener("input", changed);
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
