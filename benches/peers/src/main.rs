//! Measures `tailfirst` beside other assemblers, in one process.
//!
//! Every contender assembles the workloads of workload.rs; its bytes are verified (verify.rs) and only then is it timed
//! (timing.rs). The program prints the record (report.rs) and, last, one line a workload and contender:
//! `ratio <workload> <contender> <ns-min> <x-floor>`. It fails if a contender's bytes are wrong.

mod contender;
mod report;
mod timing;
mod verify;
mod workload;

use report::{Line, Report};
use std::process::ExitCode;
use workload::{Inputs, Workload};

const USAGE: &str = "\
usage: tailfirst-peers [--quick | --rounds N] [--same-operands] [--record FILE] [--only NAME]... [--workload LETTER]...
  --quick            fewer rounds
  --rounds N         so many rounds
  --same-operands    every run assembles the same operands, which processors learn (timing.rs)
  --record FILE      write the record, in Markdown, to FILE
  --only NAME        measure this contender, and the floor
  --workload LETTER  measure this workload";

#[derive(Default)]
struct Options {
    rounds: Option<usize>,
    same_operands: bool,
    record: Option<String>,
    only: Vec<String>,
    workloads: Vec<Workload>,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => options.rounds = Some(60),
            "--rounds" => options.rounds = Some(arguments.next()?.parse().ok()?),
            "--same-operands" => options.same_operands = true,
            "--record" => options.record = Some(arguments.next()?),
            "--only" => options.only.push(arguments.next()?),
            "--workload" => {
                let letter = arguments.next()?;
                let known = Workload::ALL.into_iter().find(|workload| letter == workload.letter().to_string());
                options.workloads.push(known?);
            }
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let all: Vec<Inputs> = (0..if options.same_operands { 1 } else { 8 }).map(Inputs::new).collect();
    let mut contenders = contender::all(&all[0]);
    contenders.retain(|contender| {
        let name = contender.name();
        name == "floor" || options.only.is_empty() || options.only.iter().any(|only| only == name)
    });

    let mut jobs = Vec::new();
    let mut sizes = Vec::new();
    for (at, contender) in contenders.iter_mut().enumerate() {
        for &workload in contender.workloads() {
            if !options.workloads.is_empty() && !options.workloads.contains(&workload) {
                continue;
            }
            match verify::verify(contender.as_mut(), workload, &all) {
                Ok(size) => sizes.push(size),
                Err(wrong) => {
                    eprintln!("{} in workload {}: {wrong}", contender.name(), workload.letter());
                    return ExitCode::FAILURE;
                }
            }
            jobs.push((at, workload));
        }
    }

    let rounds = options.rounds.unwrap_or(600);
    let instructions = |workload| match workload {
        Workload::E => all[0].arm_words().len(),
        _ => all[0].insns(workload).len(),
    };
    let times = timing::measure(&mut contenders, &jobs, &all, rounds, instructions);

    let lines = jobs.iter().zip(sizes).zip(times).map(|((&(at, workload), bytes), times)| Line {
        contender: contenders[at].name(),
        workload,
        instructions: instructions(workload),
        bytes,
        min: times.min,
        median: times.median,
    });
    let report = Report { lines: lines.collect(), rounds, same_operands: options.same_operands };
    let markdown = report.markdown();
    println!("{markdown}");
    if let Some(file) = options.record
        && let Err(error) = std::fs::write(&file, &markdown)
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    print!("{}", report.ratios());
    ExitCode::SUCCESS
}
