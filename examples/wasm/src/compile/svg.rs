//! A function as a picture: its blocks, with what is in registers at their borders.
//!
//! Blocks stand in the order of the code. At the top of each is what it wants in registers, then there is its code, and
//! at the bottom what is in registers before what leads out of it, and its moves. Ways on go along the right side, ways
//! back along the left. Moves of edges that may not be taken, and what traps lead to, stand in a box of their own.
//!
//! The lines of code are a [`Listing`]'s, in which the blocks have names.

use std::collections::HashMap;
use std::fmt::{self, Display, Write};

use tailfirst::listing::{Disassemble, Listing};
use tailfirst::{Code, Symbol};

use super::aarch64::A64;
use super::convention::{Position, positions};
use super::listing::Isa;
use super::parts::Functions;
use super::target::{CodeLabel, Target};
use super::walk::borders::{Border, Held};
use super::x64::X64;
use super::{CompileError, Config, classes, supported, walk};
use crate::ir::Value;
use crate::ir::decode::{Decoded, Scratch, decode};
use crate::ir::module::ModuleInfo;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum SvgError {
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(
        "function {function} is not one of the module's own: they are those from {first}, of which there are {count}"
    )]
    NoBody { function: u32, first: usize, count: usize },
}

/// Draws a function, by its index.
pub fn svg(wasm: &[u8], config: &Config, isa: Isa, function: u32) -> Result<String, SvgError> {
    let module = decode(wasm)?;
    let (first, count) = (module.info.imported_functions, module.bodies.len());
    let Some(own) = (function as usize).checked_sub(first).filter(|&own| own < count) else {
        return Err(SvgError::NoBody { function, first, count });
    };
    let picture = match isa {
        Isa::X64 => {
            let mut enc = tailfirst::x64::Encoder::new();
            let blocks = emit(&module, own, &mut X64::new(&mut enc, config.bounds))?;
            let code = enc.finish().map_err(CompileError::from)?;
            Picture::new(&code, &module, blocks)
        }
        Isa::Aarch64 => {
            let mut enc = tailfirst::aarch64::Encoder::new();
            let blocks = emit(&module, own, &mut A64::new(&mut enc, config.bounds))?;
            let code = enc.finish().map_err(CompileError::from)?;
            Picture::new(&code, &module, blocks)
        }
    };
    Ok(picture.draw(&title(&module.info, function)))
}

fn title(info: &ModuleInfo, function: u32) -> String {
    match info.name(function) {
        Some(name) => format!("function {function}, {name}"),
        None => format!("function {function}"),
    }
}

/// A block, and the labels that it leads to.
struct Block {
    at: CodeLabel,
    top: String,
    bottom: String,
    exits: Vec<CodeLabel>,
}

/// Emits a function. Gives its blocks in the order of the code.
fn emit<T: Target>(module: &Decoded<'_>, own: usize, target: &mut T) -> Result<Vec<Block>, CompileError> {
    let info = &module.info;
    let functions = Functions::new(own..own + 1, |_| target.label());
    let function = supported::<T>(module.bodies[own].decode(info, &mut Scratch::default())?)?;
    let mut borders = vec![];
    walk::walk(info, &function, &functions, target, Some(&mut borders));

    let parameters = positions::<T>(classes(info.function_type(function.index).params()));
    let held = parameters.zip(0..).filter_map(|(position, number)| match position {
        Position::Reg(reg) => Some((reg, Value(number))),
        Position::Word(_) => None,
    });
    borders.push(Border::Begin { at: functions.label(own), held: held.collect() });
    let mut blocks: Vec<Block> = vec![];
    for border in borders.into_iter().rev() {
        match (border, blocks.last_mut()) {
            (Border::Begin { at, held }, _) => {
                blocks.push(Block { at, top: registers::<T>(held), bottom: String::new(), exits: vec![] });
            }
            (Border::End { exits, held }, Some(block)) => {
                (block.bottom, block.exits) = (registers::<T>(held), exits);
            }
            (Border::End { .. }, None) => {}
        }
    }
    Ok(blocks)
}

/// How many registers are in a line.
const A_LINE: usize = 5;

fn registers<T: Target>(mut held: Held) -> String {
    held.sort_by_key(|(reg, _)| reg.0);
    let names: Vec<_> = held.iter().map(|&(reg, Value(number))| format!("{}=v{number}", T::name(reg))).collect();
    match names.is_empty() {
        true => "no registers".into(),
        false => names.chunks(A_LINE).map(|line| line.join("  ")).collect::<Vec<_>>().join("\n"),
    }
}

/// What is drawn: boxes, and the numbers of those that each leads to.
struct Picture {
    boxes: Vec<(Panel, Vec<usize>)>,
}

/// A box's text.
struct Panel {
    name: String,
    top: Vec<String>,
    code: Vec<String>,
    bottom: Vec<String>,
}

/// The sizes of a letter, of the space within a box, and between boxes and ways.
const WIDTH: usize = 8;
const HEIGHT: usize = 17;
const MARGIN: usize = 8;
const GAP: usize = 30;
const LANE: usize = 10;

impl Panel {
    fn lines(&self) -> impl Iterator<Item = &String> {
        self.top.iter().chain(&self.code).chain(&self.bottom).chain([&self.name])
    }

    fn height(&self) -> usize {
        self.lines().count() * HEIGHT + 2 * MARGIN
    }
}

impl Picture {
    fn new<I: Disassemble>(code: &Code<'_, I>, module: &Decoded<'_>, blocks: Vec<Block>) -> Picture {
        let mut listing = Listing::new();
        // Of blocks at the same place, the one is the lower that is named later.
        for (number, block) in blocks.iter().enumerate().rev() {
            listing.name(block.at, format!("block{number}"));
        }
        for (own, function) in (module.info.imported_functions..module.info.functions.len()).enumerate() {
            listing.symbol(Symbol(own as u32), format!("function{function}"));
        }
        let text = listing.of(code).with_offsets().to_string();
        let numbers: HashMap<_, _> = blocks.iter().enumerate().map(|(number, block)| (block.at, number)).collect();
        let (mut beside, mut sections) = (vec![], vec![vec![]; blocks.len()]);
        let mut section = &mut beside;
        for line in text.lines() {
            match line.strip_prefix("block").and_then(|rest| rest.strip_suffix(':')?.parse::<usize>().ok()) {
                Some(number) if number < blocks.len() => section = &mut sections[number],
                _ => section.push(line.to_string()),
            }
        }
        let lines = |text: String| text.lines().map(String::from).collect();
        let mut boxes: Vec<_> = blocks
            .into_iter()
            .zip(sections)
            .enumerate()
            .map(|(number, (Block { top, bottom, exits, .. }, code))| {
                let mut exits: Vec<_> = exits.iter().filter_map(|exit| numbers.get(exit).copied()).collect();
                exits.sort_unstable();
                (Panel { name: format!("block{number}"), top: lines(top), code, bottom: lines(bottom) }, exits)
            })
            .collect();
        if !beside.is_empty() {
            boxes.push((Panel { name: "beside".into(), top: vec![], code: beside, bottom: vec![] }, vec![]));
        }
        Picture { boxes }
    }

    fn draw(&self, title: &str) -> String {
        let longest = self.boxes.iter().flat_map(|(panel, _)| panel.lines()).map(|line| line.chars().count()).max();
        let width = longest.unwrap_or(0) * WIDTH + 2 * MARGIN;
        let mut tops = vec![];
        let mut height = GAP + HEIGHT;
        for (panel, _) in &self.boxes {
            tops.push(height);
            height += panel.height() + GAP;
        }
        let (mut on, mut back) = (Lanes::default(), Lanes::default());
        let mut ways = vec![];
        for (from, (panel, exits)) in self.boxes.iter().enumerate() {
            let start = tops[from] + panel.height() - MARGIN;
            for &to in exits {
                let end = tops[to] + MARGIN;
                let lanes = if to > from { &mut on } else { &mut back };
                ways.push((to > from, start, end, lanes.take(start.min(end), start.max(end))));
            }
        }
        let left = LANE * (back.0.len() + 2);
        let all = left + width + LANE * (on.0.len() + 2);

        let mut svg = Svg::new(all, height, title);
        for (&top, (panel, _)) in tops.iter().zip(&self.boxes) {
            svg.panel(left, top, width, panel);
        }
        for (is_on, start, end, lane) in ways {
            match is_on {
                true => svg.way("on", left + width, left + width + LANE * (lane + 1), start, end),
                false => svg.way("back", left, left - LANE * (lane + 1), start, end),
            }
        }
        svg.end()
    }
}

/// Where ways go beside each other: for each lane, how far down it is taken.
#[derive(Default)]
struct Lanes(Vec<usize>);

impl Lanes {
    /// The first lane that is free between two heights, if one of them is lower than that of the way before.
    fn take(&mut self, from: usize, to: usize) -> usize {
        match self.0.iter().position(|&taken| taken < from) {
            Some(lane) => {
                self.0[lane] = to;
                lane
            }
            None => {
                self.0.push(to);
                self.0.len() - 1
            }
        }
    }
}

/// The text of a picture.
struct Svg(String);

/// What is in a text or an attribute, in XML 1.0, which has no way to write most control characters.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => f.write_char('?')?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

const STYLE: &str = "
text { font: 13px monospace; white-space: pre }
.name { font-weight: bold }
.top, .bottom { fill: #205080 }
rect { fill: #f6f8fa; stroke: #607080 }
path { fill: none; stroke: #207040; marker-end: url(#tip) }
.back { stroke: #b04020 }
";

impl Svg {
    fn new(width: usize, height: usize, title: &str) -> Svg {
        let mut svg = Svg(String::new());
        svg.line(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">"
        ));
        svg.line(format_args!("<title>{}</title>", Escaped(title)));
        svg.line(format_args!("<style>{STYLE}</style>"));
        svg.line(format_args!(
            "<defs><marker id=\"tip\" viewBox=\"0 0 6 6\" refX=\"6\" refY=\"3\" markerWidth=\"6\" markerHeight=\"6\" \
             orient=\"auto\"><polygon points=\"0,0 6,3 0,6\"/></marker></defs>"
        ));
        svg.text("name", MARGIN, HEIGHT, title);
        svg
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        self.0.push_str(&line.to_string());
        self.0.push('\n');
    }

    fn text(&mut self, class: &str, x: usize, y: usize, text: &str) {
        self.line(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", Escaped(text)));
    }

    fn panel(&mut self, x: usize, y: usize, width: usize, panel: &Panel) {
        self.line(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\"/>", panel.height()));
        let mut baseline = y + MARGIN;
        let name = std::slice::from_ref(&panel.name);
        for (class, lines) in
            [("name", name), ("top", &panel.top[..]), ("code", &panel.code[..]), ("bottom", &panel.bottom[..])]
        {
            for line in lines {
                baseline += HEIGHT;
                self.text(class, x + MARGIN, baseline - 4, line);
            }
        }
    }

    /// A way from a box's side to that of another, by a lane.
    fn way(&mut self, class: &str, side: usize, lane: usize, start: usize, end: usize) {
        self.line(format_args!("<path class=\"{class}\" d=\"M{side} {start}H{lane}V{end}H{side}\"/>"));
    }

    fn end(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}
