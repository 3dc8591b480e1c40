//! Random programs of `dynasm!` code and an encoder's own.
//!
//! A program is a list of parts in the order of their addresses: blocks of `dynasm!` statements, an encoder's own
//! instructions and labels, and blocks of the other direction of all these. It is made from a list of numbers, one a
//! step, so that a shorter list is a shorter program.

/// How many dynamic labels a program has.
pub const DYNAMIC: usize = 4;

/// How many forms of branches, and of other references, there are.
pub const BRANCHES: usize = 17;

#[derive(Debug, Clone)]
pub enum Part {
    Block(Vec<Step>),
    /// The encoder's own jump.
    Jump(usize),
    /// The encoder binds the label.
    Bind(usize),
    /// A block of the other direction.
    Other(Vec<Part>),
}

#[derive(Debug, Clone, Copy)]
pub enum Step {
    Plain { form: usize, registers: [u8; 3], number: u64 },
    Branch { form: usize, register: u8, to: To },
    Place(Name),
}

/// What is placed.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    A,
    B,
    Global,
    Dynamic(usize),
}

/// What is referred to.
#[derive(Debug, Clone, Copy)]
pub enum To {
    ForwardA,
    ForwardB,
    BackwardA,
    BackwardB,
    Global,
    Dynamic(usize),
    /// An address outside of the program.
    Extern,
}

/// Numbers taken out of one, which is a step of a program: so a shorter list is a shorter program.
struct Digits(u64);

impl Digits {
    fn below(&mut self, bound: u64) -> usize {
        let digit = self.0 % bound;
        self.0 /= bound;
        digit as usize
    }
}

/// A program in the making.
#[derive(Default)]
struct Builder {
    steps: Vec<Step>,
    /// For each local label, whether it stands in the block, and whether it must still come.
    locals: [(bool, bool); 2],
    placed: [bool; DYNAMIC],
    is_global_placed: bool,
}

impl Builder {
    fn end_block(&mut self, parts: &mut Vec<Part>) {
        for (local, name) in [Name::A, Name::B].into_iter().enumerate() {
            if self.locals[local].1 {
                self.steps.push(Step::Place(name));
            }
        }
        self.locals = Default::default();
        parts.push(Part::Block(std::mem::take(&mut self.steps)));
    }

    fn unplaced(&mut self) -> Option<usize> {
        let label = self.placed.iter().position(|placed| !placed)?;
        self.placed[label] = true;
        Some(label)
    }

    fn target(&mut self, digits: &mut Digits) -> To {
        let local = digits.below(2);
        match digits.below(5) {
            0 => To::Global,
            1 => To::Dynamic(digits.below(DYNAMIC as u64)),
            4 => To::Extern,
            2 if self.locals[local].0 => [To::BackwardA, To::BackwardB][local],
            _ => {
                self.locals[local].1 = true;
                [To::ForwardA, To::ForwardB][local]
            }
        }
    }
}

pub fn program(numbers: &[u64]) -> Vec<Part> {
    let mut builder = Builder::default();
    let mut open = vec![Vec::new()];
    for &number in numbers {
        let mut digits = Digits(number);
        let depth = open.len();
        let parts = open.last_mut().unwrap();
        match digits.below(24) {
            1 => builder.end_block(parts),
            2 => {
                builder.end_block(parts);
                open.push(Vec::new());
            }
            3 | 4 if depth > 1 => {
                builder.end_block(parts);
                let inner = open.pop().unwrap();
                open.last_mut().unwrap().push(Part::Other(inner));
            }
            5 => {
                builder.end_block(parts);
                parts.push(Part::Jump(digits.below(DYNAMIC as u64)));
            }
            6 => {
                if let Some(label) = builder.unplaced() {
                    builder.end_block(parts);
                    parts.push(Part::Bind(label));
                }
            }
            7 => {
                if let Some(label) = builder.unplaced() {
                    builder.steps.push(Step::Place(Name::Dynamic(label)));
                }
            }
            8 if !builder.is_global_placed => {
                builder.is_global_placed = true;
                builder.steps.push(Step::Place(Name::Global));
            }
            9 | 10 => {
                let local = digits.below(2);
                builder.locals[local] = (true, false);
                builder.steps.push(Step::Place([Name::A, Name::B][local]));
            }
            11..=17 => {
                let (form, register) = (digits.below(BRANCHES as u64), digits.below(16) as u8);
                let to = builder.target(&mut digits);
                builder.steps.push(Step::Branch { form, register, to });
            }
            _ => {
                let form = digits.below(16);
                let registers = [0; 3].map(|_| digits.below(16) as u8);
                builder.steps.push(Step::Plain { form, registers, number: number.rotate_left(7) });
            }
        }
    }
    // A few are left unplaced: then both assemblers must refuse what refers to them.
    let omitted = numbers.first().is_some_and(|first| first % 8 == 7);
    let mut last = open.pop().unwrap();
    while !omitted && let Some(label) = builder.unplaced() {
        builder.steps.push(Step::Place(Name::Dynamic(label)));
    }
    if !builder.is_global_placed {
        builder.steps.push(Step::Place(Name::Global));
    }
    builder.end_block(&mut last);
    while let Some(mut outer) = open.pop() {
        outer.push(Part::Other(last));
        last = outer;
    }
    last
}
