//! What was measured, as a Markdown record and as lines for machines.
//!
//! The table gives minima and, in brackets, the ratio to the floor of the same run; medians and the size of the code
//! follow. Absolute figures move from machine to machine, ratios hold.

use crate::workload::Workload;
use std::fmt::Write;

/// The goals of the design, in multiples of the floor.
const GOALS: [(Workload, f64); 5] =
    [(Workload::A, 2.5), (Workload::B, 1.2), (Workload::C, 1.6), (Workload::D, 2.5), (Workload::E, 2.5)];

pub struct Line {
    pub contender: &'static str,
    pub workload: Workload,
    pub instructions: usize,
    pub bytes: usize,
    pub min: f64,
    pub median: f64,
}

pub struct Report {
    pub lines: Vec<Line>,
    pub rounds: usize,
    pub same_operands: bool,
}

impl Report {
    /// How many times the floor of its workload a line takes.
    fn over_floor(&self, line: &Line) -> f64 {
        let floor = self.lines.iter().find(|other| other.contender == "floor" && other.workload == line.workload);
        line.min / floor.expect("the floor is always measured").min
    }

    fn contenders(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for line in &self.lines {
            if !names.contains(&line.contender) {
                names.push(line.contender);
            }
        }
        names
    }

    fn table(&self, cell: impl Fn(&Line) -> String) -> String {
        let workloads: Vec<_> =
            Workload::ALL.into_iter().filter(|&w| self.lines.iter().any(|line| line.workload == w)).collect();
        let mut rows = vec![vec!["contender".to_owned()]];
        rows[0].extend(workloads.iter().map(|workload| workload.letter().to_string()));
        for name in self.contenders() {
            let mut row = vec![name.to_owned()];
            row.extend(workloads.iter().map(|&workload| {
                let line = self.lines.iter().find(|line| line.contender == name && line.workload == workload);
                line.map_or(String::new(), &cell)
            }));
            rows.push(row);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
        let rule = widths.iter().map(|&width| "-".repeat(width)).collect();
        rows.insert(1, rule);
        let mut text = String::new();
        for row in &rows {
            for (cell, &width) in row.iter().zip(&widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
        }
        text
    }

    pub fn markdown(&self) -> String {
        let mut text = String::from("# tailfirst beside its peers\n\n");
        let _ = writeln!(text, "{}; {}; {}.", cpu(), env!("PEERS_RUSTC"), env!("PEERS_CC"));
        let operands = if self.same_operands {
            "All runs assemble the same operands."
        } else {
            "No two runs of a turn assemble the same operands."
        };
        let _ = writeln!(
            text,
            "{} interleaved rounds. {operands} Every contender's bytes were verified first.\n",
            self.rounds
        );
        for workload in Workload::ALL {
            let _ = write!(text, "* {}: {}", workload.letter(), workload.about());
            let goal = GOALS.iter().find(|&&(with_goal, _)| with_goal == workload);
            let _ = goal.map_or(writeln!(text), |(_, goal)| writeln!(text, " (goal {goal})"));
        }
        let _ = write!(text, "\nMinima, ns an instruction (times the floor):\n\n");
        text += &self.table(|line| format!("{:.2} ({:.1})", line.min, self.over_floor(line)));
        let _ = write!(text, "\nMedians, ns an instruction:\n\n");
        text += &self.table(|line| format!("{:.2}", line.median));
        let _ = write!(text, "\nBytes an instruction:\n\n");
        text += &self.table(|line| format!("{:.2}", line.bytes as f64 / line.instructions as f64));
        let _ = write!(text, "\nPeers:\n\n");
        for (name, version) in peers() {
            let _ = writeln!(text, "* {name} {version}");
        }
        text
    }

    pub fn ratios(&self) -> String {
        let line = |line: &Line| {
            let (letter, floor) = (line.workload.letter(), self.over_floor(line));
            format!("ratio {letter} {} {:.3} {floor:.2}\n", line.contender, line.min)
        };
        self.lines.iter().map(line).collect()
    }
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The exact versions that Cargo.toml asks for.
fn peers() -> Vec<(&'static str, &'static str)> {
    let version = |line: &'static str| {
        let (name, rest) = line.split_once(" = ")?;
        let (_, from) = rest.split_once("\"=")?;
        Some((name, from.split_once('"')?.0))
    };
    include_str!("../Cargo.toml").lines().filter_map(version).collect()
}
