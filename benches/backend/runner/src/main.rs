//! Runs the back ends, after verifying what they assemble.
//!
//! `times` prints a table of nanoseconds an instruction. `run` assembles the programs so many times and does nothing else that depends on the number, for callgrind.

mod programs;
mod timing;
mod verify;

use programs::{Draw, programs};
use std::process::ExitCode;
use tailfirst_backend_generator::arms;
use tailfirst_backend_ir::Backend;
use timing::Caches;

const USAGE: &str = "\
usage: tailfirst-backend times [ROUNDS]
       tailfirst-backend run NAME {even|zipf} ROUNDS
       tailfirst-backend instructions {even|zipf}
       tailfirst-backend calls";

fn backends() -> Vec<(&'static str, Box<dyn Backend>)> {
    vec![
        #[cfg(feature = "tailfirst")]
        ("tailfirst", Box::<backend_tailfirst::Backend>::default()),
        #[cfg(feature = "tailfirst-up")]
        ("tailfirst-up", Box::<backend_tailfirst_up::Backend>::default()),
        #[cfg(feature = "tailfirst-outlined")]
        ("tailfirst-outlined", Box::<backend_tailfirst_outlined::Backend>::default()),
        #[cfg(feature = "luajit")]
        ("luajit", Box::<backend_luajit::Backend>::default()),
        #[cfg(feature = "luajit-outlined")]
        ("luajit-outlined", Box::<backend_luajit_outlined::Backend>::default()),
        #[cfg(feature = "dynasm")]
        ("dynasm", Box::<backend_dynasm::Backend>::default()),
        #[cfg(feature = "iced")]
        ("iced", Box::<backend_iced::Backend>::default()),
    ]
}

fn draw(name: &str) -> Option<Draw> {
    Draw::ALL.into_iter().find(|draw| draw.name() == name)
}

fn all_instructions(draw: Draw) -> usize {
    let arms = arms();
    programs(draw).iter().map(|program| verify::instructions(program, &arms)).sum()
}

fn times(rounds: usize) -> Result<(), String> {
    let arms = arms();
    let mut backends = backends();
    let columns = [(Draw::Even, Caches::Warm), (Draw::Even, Caches::Displaced), (Draw::Zipf, Caches::Warm)];
    let mut cells = Vec::new();
    for (draw, caches) in columns {
        let programs = programs(draw);
        for (name, backend) in &mut backends {
            for program in &programs {
                verify::verify(backend.as_mut(), program, &arms).map_err(|wrong| format!("{name}: {wrong}"))?;
            }
        }
        let instructions = programs.iter().map(|program| verify::instructions(program, &arms)).sum();
        cells.push(timing::measure(&mut backends, &programs, instructions, caches, rounds));
    }
    println!("| ns an instruction, least (median) | warm | caches displaced | by Zipf's law |");
    println!("|---|---|---|---|");
    for (at, (name, _)) in backends.iter().enumerate() {
        let row: Vec<_> = cells.iter().map(|times| format!("{:.2} ({:.2})", times[at].min, times[at].median)).collect();
        println!("| {name} | {} |", row.join(" | "));
    }
    Ok(())
}

fn run(name: &str, draw: Draw, rounds: usize) -> Result<(), String> {
    let programs = programs(draw);
    let mut backends = backends();
    let (_, backend) = backends.iter_mut().find(|(known, _)| *known == name).ok_or(USAGE)?;
    for program in &programs {
        backend.assemble(program);
    }
    for _ in 0..rounds {
        for program in &programs {
            backend.assemble(program);
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().map_err(|_| USAGE.to_owned());
    let result = match arguments[..] {
        ["times"] => times(60),
        ["times", rounds] => number(rounds).and_then(|rounds| times(rounds.max(1))),
        ["run", name, kinds, rounds] => match draw(kinds) {
            Some(draw) => number(rounds).and_then(|rounds| run(name, draw, rounds)),
            None => Err(USAGE.to_owned()),
        },
        ["instructions", kinds] => {
            draw(kinds).map(|draw| println!("{}", all_instructions(draw))).ok_or(USAGE.to_owned())
        }
        ["calls"] => {
            println!("{}", arms().concat().len());
            Ok(())
        }
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
