// What .ci/reference adds to the page: it is used as a person would, and says what is wrong.
"use strict";

const failures = [];
const expect = (what, found, wanted) => { if (found !== wanted) failures.push(`${what}: ${found}, not ${wanted}`); };
const type = text => { words.value = text; words.dispatchEvent(new Event("input")); };
const choose = (control, value) => { control.value = value; control.dispatchEvent(new Event("input")); };
const press = key => dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
const title = () => shown.querySelector("h2")?.textContent;
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
expect("what is written around operands", hits.some(index => forms[index].name === "vpaddd_ymm_ymm_ymmm256"), true);
type("ldp x, x, [sp], #16");
expect("an immediate", hits.some(index => forms[index].name === "ldp_x_post"), true);
type("lea r64");
expect("what every processor has comes first", title(), "lea_r64_m");
type("jump if");
expect("words of a title", title()?.startsWith("j"), true);
type("0f b6");
expect("opcode bytes", hits.some(index => forms[index].name === "movzx_r32_rm8"), true);

type("add");
const all = hits.length;
choose(isa, "1");
expect("filter by instruction set", hits.length > 0 && hits.length < all && hits.every(index => forms[index].isa === 1), true);
choose(isa, "0");
choose(cpu, "APX_F");
expect("filter by feature", hits.length > 0 && hits.every(index => texts[forms[index].cpu].includes("APX_F")), true);
choose(cpu, "");
const first = title();
press("ArrowDown");
expect("arrow down", title(), forms[hits[1]].name);
press("ArrowUp");
expect("arrow up", title(), first);
choose(isa, "");
press("Escape");
expect("escape", words.value + hits.length, String(forms.length));
words.blur();
press("/");
expect("slash", document.activeElement, words);
type("no such instruction");
expect("nothing found", hits.length + String(title()), "0undefined");
expect("forms without an example", forms.filter(form => !form.example).map(form => form.name).join(" "), "");

// How long an answer takes: each letter of some searches, over all forms.
const times = [];
for (const text of ["vpaddd ymm", "ldp post", "0f b6", "a"]) {
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
