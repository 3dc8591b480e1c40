//! Runs the back ends of the features' names, after verifying what they assemble, and prints tables in Markdown.

mod allocations;
mod fragments;
mod programs;
mod timing;
mod verify;

use programs::{Draw, FRAGMENT};
use std::process::ExitCode;
use tailfirst_backend_generator::{Call, arms};
use tailfirst_backend_ir::{Backend, Program, ROOM};
use timing::Caches;

const USAGE: &str = "\
usage: tailfirst-backend times ROUNDS              nanoseconds an instruction
       tailfirst-backend fragments ROUNDS          nanoseconds and allocations a fragment of a hundred instructions
       tailfirst-backend run NAME even|zipf ROUNDS assembles the programs once, and so many times more
       tailfirst-backend instructions even|zipf    how many instructions the programs have
       tailfirst-backend calls                     how many calls a back end has";

#[derive(Default)]
struct Backends {
    names: Vec<&'static str>,
    backends: Vec<Box<dyn Backend>>,
}

impl Backends {
    fn all() -> Backends {
        let mut all = Backends::default();
        #[cfg(feature = "tailfirst")]
        all.add::<backend_tailfirst::Backend>("tailfirst");
        #[cfg(feature = "tailfirst-up")]
        all.add::<backend_tailfirst_up::Backend>("tailfirst-up");
        #[cfg(feature = "tailfirst-batch")]
        all.add::<backend_tailfirst_batch::Backend>("tailfirst-batch");
        #[cfg(feature = "tailfirst-outlined")]
        all.add::<backend_tailfirst_outlined::Backend>("tailfirst-outlined");
        #[cfg(feature = "luajit")]
        all.add::<backend_luajit::Backend>("luajit");
        #[cfg(feature = "luajit-outlined")]
        all.add::<backend_luajit_outlined::Backend>("luajit-outlined");
        #[cfg(feature = "dynasm")]
        all.add::<backend_dynasm::Backend>("dynasm");
        #[cfg(feature = "iced")]
        all.add::<backend_iced::Backend>("iced");
        all
    }

    #[allow(dead_code, reason = "without any feature there is none")]
    fn add<B: Backend + 'static>(&mut self, name: &'static str) {
        self.names.push(name);
        self.backends.push(Box::new(B::new(ROOM)));
    }

    fn verify(&mut self, programs: &[Program], arms: &[Vec<Call>]) -> Result<(), String> {
        for (name, backend) in self.names.iter().zip(&mut self.backends) {
            for program in programs {
                verify::verify(backend.as_mut(), program, arms).map_err(|wrong| format!("{name}: {wrong}"))?;
            }
        }
        Ok(())
    }
}

fn instructions(programs: &[Program], arms: &[Vec<Call>]) -> usize {
    programs.iter().map(|program| verify::instructions(program, arms)).sum()
}

fn times(rounds: usize) -> Result<(), String> {
    let arms = arms();
    let mut all = Backends::all();
    let mut columns = Vec::new();
    for (draw, caches) in [
        (Draw::Even, Caches::Warm),
        (Draw::Even, Caches::Displaced),
        (Draw::Zipf, Caches::Warm),
        (Draw::Zipf, Caches::Displaced),
    ] {
        let programs = programs::programs(draw);
        all.verify(&programs, &arms)?;
        let instructions = instructions(&programs, &arms);
        columns.push(timing::measure(&mut all.backends, &programs, instructions, caches, rounds));
    }
    println!("| ns an instruction, least (median) | warm | caches displaced | by Zipf's law | that displaced |");
    println!("|---|---|---|---|---|");
    for (at, name) in all.names.iter().enumerate() {
        let row: Vec<_> =
            columns.iter().map(|times| format!("{:.2} ({:.2})", times[at].min, times[at].median)).collect();
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

fn fragments(rounds: usize) -> Result<(), String> {
    let arms = arms();
    let programs = programs::fragments(&arms);
    let mut all = Backends::all();
    all.verify(&programs, &arms)?;
    let (instructions, labels) = FRAGMENT;
    println!(
        "| a fragment of {instructions} instructions and {labels} labels | new: ns | allocations | reused: ns | allocations |"
    );
    println!("|---|---|---|---|---|");
    for (name, of) in all.names.iter().zip(fragments::measure(&mut all.backends, &programs, rounds)) {
        println!(
            "| {name} | {:.0} | {:.1} | {:.0} | {:.1} |",
            of.new_ns, of.new_allocations, of.reused_ns, of.reused_allocations
        );
    }
    Ok(())
}

fn run(name: &str, programs: &[Program], rounds: usize) -> Result<(), String> {
    let mut all = Backends::all();
    let at = all.names.iter().position(|&known| known == name);
    let backend = &mut all.backends[at.ok_or_else(|| format!("{name}: not built, or unknown"))?];
    for program in std::iter::repeat_n(programs, rounds + 1).flatten() {
        backend.assemble(program);
    }
    Ok(())
}

fn command(arguments: &[&str]) -> Result<(), String> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|&number| number > 0).ok_or(USAGE);
    let drawn = |name: &str| match name {
        "even" => Ok(programs::programs(Draw::Even)),
        "zipf" => Ok(programs::programs(Draw::Zipf)),
        _ => Err(USAGE),
    };
    match *arguments {
        ["times", rounds] => times(number(rounds)?),
        ["fragments", rounds] => fragments(number(rounds)?),
        ["run", name, kinds, rounds] => run(name, &drawn(kinds)?, number(rounds)?),
        ["instructions", kinds] => {
            println!("{}", instructions(&drawn(kinds)?, &arms()));
            Ok(())
        }
        ["calls"] => {
            println!("{}", arms().concat().len());
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
