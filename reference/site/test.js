// What .ci/reference adds to the page: it is used as a person would, and says what is wrong.
"use strict";

const failures = [];
const expect = (what, found, wanted) => { if (found !== wanted) failures.push(`${what}: ${found}, not ${wanted}`); };
const type = text => { words.value = text; words.dispatchEvent(new Event("input")); };
const choose = (control, value) => { control.value = value; control.dispatchEvent(new Event("input")); };
const press = key => dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
const title = () => shown.querySelector("h2")?.firstChild.textContent;
const linked = term => [...([...shown.querySelectorAll("dt")].find(dt => dt.textContent === term)?.nextSibling.querySelectorAll("a") || [])].map(a => a.textContent).join(" ");
const kinds = () => hits.map(index => entries[index].kind);
const open = hash => { history.replaceState(null, "", hash); dispatchEvent(new HashChangeEvent("hashchange")); };
const definition = term => [...shown.querySelectorAll("dt")].find(dt => dt.textContent === term)?.nextSibling.textContent;

// The deep link with which the page was opened.
expect("deep link", title(), "ldp_x_post");
expect("bytes", definition("gives")?.split(" ").length, 4);

type("mov_r64_imm64");
expect("function", title(), "mov_r64_imm64");
expect("example", definition("gives")?.startsWith("48 B"), true);
type("jnz rel32");
expect("another name", title(), "jne_rel32");
type("vpaddd ymm, ymm, [m256]");
expect("what is written around operands", hits.some(index => entries[index].name === "vpaddd_ymm_ymm_ymmm256"), true);
type("ldp x, x, [sp], #16");
expect("an immediate", hits.some(index => entries[index].name === "ldp_x_post"), true);
type("lea r64");
expect("what every processor has comes first", title(), "lea_r64_m");
type("jump if");
expect("words of a title", title()?.startsWith("j"), true);
type("0f b6");
expect("opcode bytes", hits.some(index => entries[index].name === "movzx_r32_rm8"), true);

type("add");
const all = hits.length;
choose(isa, "1");
expect("filter by instruction set", hits.length > 0 && hits.length < all && hits.every(index => entries[index].isa === 1), true);
choose(isa, "0");
choose(cpu, "APX_F");
expect("filter by feature", hits.length > 0 && hits.every(index => entries[index].cpu.includes("APX_F")), true);
choose(cpu, "");
const first = title();
press("ArrowDown");
expect("arrow down", title(), entries[hits[1]].name);
press("ArrowUp");
expect("arrow up", title(), first);
choose(isa, "");
press("Escape");
expect("escape", words.value + hits.length, String(entries.length));
words.blur();
press("/");
expect("slash", document.activeElement, words);
type("no such instruction");
expect("nothing found", hits.length + String(title()), "0undefined");
expect("forms without an example", forms.filter(form => !form.example).map(form => form.name).join(" "), "");

// Selectors, and functions by value.
type("mov");
expect("selectors come first", kinds().slice(0, 4).join(" "), "selector selector selector selector");
type("load constant");
expect("what a selector does", ["mov_r64_imm", "mov_x_imm"].every(name => hits.slice(0, 4).some(index => entries[index].name === name)), true);
type("mov_x_imm");
expect("selector", title(), "mov_x_imm");
expect("selector's call", definition("Rust"), "enc.mov_x_imm(rd, imm)");
expect("selector's forms", linked("Chooses from"), "movk_x mov_x_bitmask movn_x movz_x");
type("jz");
expect("a selector by another name", title(), "je");
expect("selector's branches", linked("Chooses from"), "je_rel8 je_rel32");
type("add_rm64_imm8");
expect("form's selector", linked("Chosen by"), "add_rm64_imm");
expect("form's function by value", linked("By value"), "alu_rm64_imm8 add_rm_imm8");
shown.querySelector("li a")?.click();
expect("link to a selector", title(), "add_rm64_imm");
type("");
choose(kind, "selector");
expect("filter by kind", hits.length > 0 && kinds().every(name => name === "selector"), true);
choose(kind, "");
open("#function=AArch64/mov_x_imm");
expect("deep link to a selector", title() + words.value, "mov_x_imm");
expect("its address", location.hash, "#function=AArch64%2Fmov_x_imm");
open("#q=je&function=x86-64/je");
expect("deep link to a selector that is searched for", title() + words.value + found.querySelector("[aria-current] b").textContent, "jejeje");

// Names of system registers and operations.
type("TPIDR_EL0");
expect("system register", title(), "TPIDR_EL0");
expect("its constant", definition("Rust"), "SysReg::TPIDR_EL0");
expect("its numbers", definition("Numbers"), "op0 3, op1 3, CRn 13, CRm 0, op2 2");
expect("its access", definition("Access"), "read and written");
expect("who reads it", linked("Read by"), "mrs mrrs");
expect("who writes it", linked("Written by"), "msr msrr");
expect("the call", definition("Read by")?.includes("enc.mrs(rt, SysReg::TPIDR_EL0)"), true);
type("S3_3_C13_C0_2");
expect("by its numbers", title(), "TPIDR_EL0");
type("mrs midr_el1");
expect("instruction and register", title() + linked("Written by"), "MIDR_EL1");
type("tlbi vae1is");
expect("operation", title() + linked("Taken by"), "VAE1IStlbi_x");
type("mrs");
expect("forms come before names", title(), "mrs");
open("#name=SysReg/TPIDR_EL0");
expect("deep link to a system register", title() + words.value, "TPIDR_EL0");
expect("its address", location.hash, "#name=SysReg%2FTPIDR_EL0");
open("#q=SysReg&kind=name");
expect("all names of a type", hits.length > 1600 && hits.every(index => entries[index].data.type.ty === "SysReg"), true);
choose(kind, "");

const dangling = (isa, names) => names.filter(name => indexOfCall(isa, name) === undefined);
expect("functions that are nowhere", functions.flatMap(fn => dangling(fn.isa, fn.of)).join(" "), "");
expect("takers of names that are nowhere", REFERENCE.types.flatMap(type => dangling(1, type.functions.map(([name]) => name))).join(" "), "");
expect("names that nothing takes", REFERENCE.types.filter(type => !type.functions.length).map(type => type.ty).join(" "), "");
expect("two entries with one address", indexOf.size, entries.length);

// How long an answer takes: each letter of some searches, over all entries.
const times = [];
for (const text of ["vpaddd ymm", "ldp post", "0f b6", "a", "load constant", "tpidr_el0"]) {
  for (let length = 1; length <= text.length; length += 1) {
    const start = performance.now();
    type(text.slice(0, length));
    times.push(performance.now() - start);
  }
}
type("");
times.sort((a, b) => a - b);
const result = document.createElement("pre");
result.id = "result";
result.textContent = failures.length ? `FAILED ${failures.join("; ")}` : `passed; an answer took ${times[times.length >> 1].toFixed(1)} ms, the longest ${times.at(-1).toFixed(1)} ms`;
document.body.append(result);
