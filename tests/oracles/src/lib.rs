//! LLVM's assembler and disassembler, asked in batches.
//!
//! One run of llvm-mc answers for thousands of instructions. Its answers come as lines without a number, and none for
//! what it refuses. So after each question comes a marker, and the lines between two markers are the answer: an
//! instruction that is never asked for where LLVM reads bytes, a label where it reads assembly.

use std::{
    env,
    fmt::Write as _,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

/// The version whose knowledge the tests state.
pub const VERSION: &str = "19.";

/// The version that is asked about what that one does not know.
pub const NEWEST: &str = "22.";

/// llvm-mc.
#[derive(Debug, Clone)]
pub struct LlvmMc {
    program: PathBuf,
}

/// An instruction set and what else llvm-mc is told.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Command line arguments.
    pub arguments: Vec<String>,
    /// The marker's bytes.
    pub marker: &'static [u8],
    /// The marker as assembly, in lower case with single spaces.
    pub marker_text: &'static str,
}

impl Dialect {
    /// A64 with everything that LLVM knows.
    pub fn aarch64() -> Dialect {
        Dialect {
            arguments: ["-triple=aarch64", "-mattr=+all"].map(String::from).to_vec(),
            marker: &[0xAD, 0xDE, 0, 0],
            marker_text: "udf #57005",
        }
    }

    /// x86-64 in Intel's syntax, with these features.
    pub fn x64(features: &str) -> Dialect {
        let mattr = format!("-mattr={features}");
        let arguments = ["-triple=x86_64", "-output-asm-variant=1", &mattr].map(String::from).to_vec();
        // UD1 of registers that no test asks for together.
        Dialect { arguments, marker: &[0x41, 0x0F, 0xB9, 0xFE], marker_text: "ud1 edi, r14d" }
    }

    /// With one more argument.
    pub fn with(mut self, argument: &str) -> Dialect {
        self.arguments.push(argument.into());
        self
    }
}

/// What llvm-mc says about one input: the instructions that it found, or why there are none.
pub type Answer = Result<Vec<Instruction>, String>;

/// An instruction as llvm-mc prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// The assembly, with single spaces.
    pub text: String,
    /// The bytes that LLVM's own encoder makes of it.
    pub bytes: Vec<u8>,
}

impl LlvmMc {
    /// The program that the environment variable `TAILFIRST_LLVM_MC` names.
    ///
    /// # Panics
    /// If it is unset, does not run, or is of another version: then no test here has anything to say.
    pub fn from_env() -> LlvmMc {
        LlvmMc::of_version("TAILFIRST_LLVM_MC", VERSION)
    }

    /// The program that the environment variable `TAILFIRST_LLVM_MC_NEWEST` names.
    ///
    /// # Panics
    /// Likewise.
    pub fn newest_from_env() -> LlvmMc {
        LlvmMc::of_version("TAILFIRST_LLVM_MC_NEWEST", NEWEST)
    }

    fn of_version(variable: &str, version: &str) -> LlvmMc {
        let Some(program) = env::var_os(variable).map(PathBuf::from) else {
            panic!(
                "{variable} is not set: it must name llvm-mc of LLVM {version}x (Debian's package llvm-{0} has llvm-mc-{0})",
                version.trim_end_matches('.')
            );
        };
        let output = match Command::new(&program).arg("--version").output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) => panic!("{variable} is {}, which does not run: {error}", program.display()),
        };
        if !output.contains(&format!("LLVM version {version}")) {
            panic!("{variable} is {}, which is not of LLVM {version}x: {output}", program.display());
        }
        LlvmMc { program }
    }

    /// Disassembles each code by itself.
    pub fn disassemble(&self, dialect: &Dialect, codes: &[Vec<u8>]) -> Vec<Answer> {
        let mut input = String::new();
        for code in codes {
            block(&mut input, code);
            block(&mut input, dialect.marker);
        }
        let (output, errors) = self.run(dialect, &["-disassemble"], &input);
        let mut answers = Vec::with_capacity(codes.len());
        let mut found = Vec::new();
        for instruction in output.lines().filter_map(instruction) {
            if instruction.text.to_lowercase() == dialect.marker_text {
                answers.push(Ok(std::mem::take(&mut found)));
            } else {
                found.push(instruction);
            }
        }
        with_errors(answers, codes.len(), 2, &errors)
    }

    /// Assembles each line by itself.
    pub fn assemble(&self, dialect: &Dialect, lines: &[String]) -> Vec<Answer> {
        let mut input = String::new();
        for line in lines {
            assert!(!line.contains('\n'), "{line:?} is more than a line");
            // The NOP ends what an instruction may demand of the next one (MOVPRFX); LLVM may complain of it.
            input += &format!("{line}\nafter{0}:\nnop\nbefore{0}:\n", input.len());
        }
        let (output, errors) = self.run(dialect, &[], &input);
        let mut answers = Vec::with_capacity(lines.len());
        let mut found = Vec::new();
        for line in output.lines() {
            if line.starts_with("after") {
                answers.push(Ok(std::mem::take(&mut found)));
            } else if line.starts_with("before") {
                found.clear();
            } else {
                found.extend(instruction(line));
            }
        }
        with_errors(answers, lines.len(), 4, &errors)
    }

    fn run(&self, dialect: &Dialect, more: &[&str], input: &str) -> (String, String) {
        let mut child = Command::new(&self.program)
            .args(&dialect.arguments)
            .args(more)
            .arg("-show-encoding")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let mut stdin = child.stdin.take().expect("it is piped");
        // It answers while it reads.
        let output = thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input.as_bytes()).expect("llvm-mc reads all of its input"));
            child.wait_with_output().expect("llvm-mc runs to its end")
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("llvm-mc writes ASCII");
        (text(output.stdout), text(output.stderr))
    }
}

/// The answers, with the reasons for those that are empty; each question has so many lines.
fn with_errors(mut answers: Vec<Answer>, count: usize, lines: usize, errors: &str) -> Vec<Answer> {
    assert_eq!(answers.len(), count, "llvm-mc answered another number of questions:\n{}", head(errors));
    for error in errors.lines() {
        // <stdin>:12:1: warning: invalid instruction encoding
        let Some((line, message)) = error.strip_prefix("<stdin>:").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        let (Ok(line), Some((_, message))) = (line.parse::<usize>(), message.split_once(": ")) else { continue };
        let fatal = message.starts_with("error") || message.contains("invalid instruction encoding");
        if fatal && (line - 1) % lines == 0 {
            answers[(line - 1) / lines] = Err(message.into());
        }
    }
    answers
}

/// Bytes that are decoded by themselves.
fn block(input: &mut String, bytes: &[u8]) {
    input.push('[');
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(input, "0x{byte:02x} ");
    }
    input.push_str("]\n");
}

/// `add x0, x1, x2 // encoding: [0x20,0x00,0x02,0x8b]`
fn instruction(line: &str) -> Option<Instruction> {
    let (text, rest) = line.split_once("encoding: [")?;
    let bytes =
        rest.split(']').next()?.split(',').map(|byte| u8::from_str_radix(byte.trim().trim_start_matches("0x"), 16));
    let text = text.trim().trim_end_matches(['/', '#']);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // What refers to a symbol has bytes with letters for what is open.
    Some(Instruction { text, bytes: bytes.collect::<Result<_, _>>().unwrap_or_default() })
}

fn head(text: &str) -> String {
    text.lines().take(20).collect::<Vec<_>>().join("\n")
}
