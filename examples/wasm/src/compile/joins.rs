//! Where control flow meets.
//!
//! A label that all edges come to later in the walk is simple: what is in which register behind it is what it *wants*,
//! and each edge must bring that. An edge that control always takes begins with nothing in registers, puts each value
//! where the label wants it, and costs nothing. An edge that control may take finds the values of the code behind; what
//! it cannot have in the wanted place it moves, aside.
//!
//! A loop's head is met last, but the edges back to it come first. The first of them *settles* what the head wants: the
//! loop's parameters and the values that are used inside, each where it is already if it is somewhere, for the liveness
//! analysis has said what there is. When the walk reaches the head, the code behind it has values elsewhere, and moves
//! are emitted there, in the loop, once: the head *reconciles* the two. A parameter that got no register has a slot at
//! once, since the edges must store it; one that got its slot later is stored by the head.

use super::moves::{self, Move};
use super::registers::{Reg, RegSet};
use super::state::State;
use super::target::{CodeLabel, Place, Source, Target};
use crate::ir::{Class, Definition, Edge, Function, Label, LabelInfo, Loop, Value};

/// What an edge must bring: a value, or the argument of that number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Value(Value),
    Argument(usize),
}

/// A label that is wanted from somewhere.
#[derive(Clone, Debug)]
struct Meeting {
    at: CodeLabel,
    wants: Vec<(Place, Wanted)>,
}

/// The labels of a function.
pub struct Joins<'f> {
    function: &'f Function,
    meetings: Vec<Option<Meeting>>,
}

/// Registers of each class that the head of a loop leaves to what happens inside.
const SPARE: usize = 3;

impl<'f> Joins<'f> {
    pub fn new(function: &'f Function) -> Joins<'f> {
        Joins { function, meetings: vec![None; function.labels.len()] }
    }

    fn info(&self, label: Label) -> &'f LabelInfo {
        &self.function.labels[label.0 as usize]
    }

    fn parameters(&self, label: Label) -> &'f [Value] {
        self.function.list(self.info(label).parameters)
    }

    /// The place of a label that is wanted from somewhere, and what it wants in registers.
    pub fn wanted(&self, label: Label) -> Option<(CodeLabel, Vec<(Reg, Value)>)> {
        let meeting = self.meetings[label.0 as usize].as_ref()?;
        let parameters = self.parameters(label);
        let wants = meeting.wants.iter().filter_map(|&(place, wanted)| match (place, wanted) {
            (Place::Reg(reg), Wanted::Value(value)) => Some((reg, value)),
            (Place::Reg(reg), Wanted::Argument(number)) => Some((reg, parameters[number])),
            _ => None,
        });
        Some((meeting.at, wants.collect()))
    }

    /// Binds a label that all edges come to later.
    pub fn bind<T: Target>(&mut self, label: Label, state: &mut State<'f>, target: &mut T) {
        let held: Vec<_> = state.all_held().collect();
        for (_, value) in held {
            if self.function.constant(value).is_some() {
                state.evict(target, value);
            }
        }
        let parameters = self.parameters(label);
        let mut wants = vec![];
        for (number, &parameter) in parameters.iter().enumerate() {
            match (state.remove(parameter), state.slot(parameter)) {
                (Some(reg), slot) => {
                    if let Some(slot) = slot {
                        let class = self.function.value(parameter).class;
                        target.copy(class, Place::Slot(slot), Source::Place(Place::Reg(reg)));
                    }
                    wants.push((Place::Reg(reg), Wanted::Argument(number)));
                }
                (None, Some(slot)) => wants.push((Place::Slot(slot), Wanted::Argument(number))),
                (None, None) => {}
            }
            state.give_back_slot(parameter);
        }
        wants.extend(state.all_held().map(|(reg, value)| (Place::Reg(reg), Wanted::Value(value))));
        let at = target.label();
        target.bind(at);
        self.meetings[label.0 as usize] = Some(Meeting { at, wants });
    }

    /// Binds a loop's head, with the moves from what its edges bring to what the code behind expects.
    pub fn bind_head<T: Target>(&mut self, label: Label, state: &mut State<'f>, target: &mut T) {
        let Some(mut meeting) = self.meetings[label.0 as usize].take() else {
            // No edge leads back.
            return self.bind(label, state, target);
        };
        let parameters = self.parameters(label);
        let value_of = |wanted| match wanted {
            Wanted::Value(value) => value,
            Wanted::Argument(number) => parameters[number],
        };
        let mut expected: Vec<_> = state.all_held().map(|(reg, value)| (Place::Reg(reg), value)).collect();
        for &(place, wanted) in &meeting.wants {
            let value = value_of(wanted);
            if let (Place::Reg(_), Wanted::Argument(_), Some(slot)) = (place, wanted, state.slot(value)) {
                expected.push((Place::Slot(slot), value));
            }
        }
        let mut steps = vec![];
        for (to, value) in expected {
            let brought = meeting.wants.iter().find(|&&(_, wanted)| value_of(wanted) == value);
            let from = match brought {
                Some(&(place, _)) => Source::Place(place),
                None => {
                    debug_assert!(!parameters.contains(&value), "an edge was met that does not bring {value:?}");
                    state.reload(value)
                }
            };
            steps.push(Move { to, from, class: self.function.value(value).class });
        }
        // What nobody expects need not be brought by the edges that are met from now on.
        meeting.wants.retain(|&(place, wanted)| match (place, wanted) {
            (Place::Reg(_), _) => state.is_needed(value_of(wanted)),
            _ => true,
        });
        moves::emit(target, steps);
        target.bind(meeting.at);
        state.clear();
        for &parameter in parameters {
            state.give_back_slot(parameter);
        }
        for &(place, wanted) in &meeting.wants {
            if let (Place::Reg(reg), Wanted::Value(value)) = (place, wanted) {
                state.set_hint(value, reg);
            }
        }
        self.meetings[label.0 as usize] = Some(meeting);
    }

    /// The moves that an edge takes from what is in registers here. What it needs and is nowhere is put where it is
    /// wanted, if that is free.
    pub fn edge<T: Target>(
        &mut self,
        edge: Edge,
        state: &mut State<'f>,
        target: &mut T,
        except: RegSet,
    ) -> (CodeLabel, Vec<Move>) {
        if self.meetings[edge.label.0 as usize].is_none() {
            let meeting = self.settle(edge, state, target);
            self.meetings[edge.label.0 as usize] = Some(meeting);
        }
        let meeting = self.meetings[edge.label.0 as usize].as_ref().expect("it was settled above");
        let arguments = self.function.list(edge.arguments);
        let wants = meeting.wants.iter().map(|&(place, wanted)| match wanted {
            Wanted::Value(value) => (place, value),
            Wanted::Argument(number) => (place, arguments[number]),
        });
        let wants: Vec<_> = wants.collect();
        (meeting.at, bring::<T>(self.function, wants, state, except))
    }

    /// Decides what a loop's head wants, at the first edge back to it.
    fn settle<T: Target>(&self, edge: Edge, state: &mut State<'f>, target: &mut T) -> Meeting {
        let parameters = self.parameters(edge.label);
        let arguments = self.function.list(edge.arguments);
        let head = Settling { function: self.function, state, taken: RegSet::EMPTY, wants: vec![] };
        let wants = head.settle::<T>(self, parameters, arguments, self.info(edge.label).head.as_ref());
        Meeting { at: target.label(), wants }
    }
}

/// What is being settled.
struct Settling<'s, 'f> {
    function: &'f Function,
    state: &'s mut State<'f>,
    /// The registers that the head wants something in.
    taken: RegSet,
    wants: Vec<(Place, Wanted)>,
}

impl Settling<'_, '_> {
    fn settle<T: Target>(
        mut self,
        joins: &Joins<'_>,
        parameters: &[Value],
        arguments: &[Value],
        head: Option<&Loop>,
    ) -> Vec<(Place, Wanted)> {
        let weight = |value: Value| self.function.value(value).weight;
        let mut numbers: Vec<usize> = (0..parameters.len()).filter(|&n| weight(parameters[n]) > 0).collect();
        numbers.sort_by_key(|&number| std::cmp::Reverse(weight(parameters[number])));
        // Those first whose arguments are in registers already.
        for &number in &numbers {
            let here = self.state.reg(arguments[number]);
            if let Some(reg) = here.filter(|&reg| !self.taken.contains(reg)) {
                self.want(reg, Wanted::Argument(number), parameters[number]);
            }
        }
        for &number in &numbers {
            if !self.wants.iter().any(|&(_, wanted)| wanted == Wanted::Argument(number)) {
                match self.free::<T>(parameters[number]) {
                    Some(reg) => self.want(reg, Wanted::Argument(number), parameters[number]),
                    None => {
                        let slot = self.state.slot_of(parameters[number]);
                        self.wants.push((Place::Slot(slot), Wanted::Argument(number)));
                    }
                }
            }
        }
        let Some(head) = head.filter(|head| !head.calls) else { return self.wants };
        let mut uses: Vec<Value> = head.uses.iter().copied().filter(|&value| self.is_kept(value)).collect();
        uses.sort_by_key(|&value| std::cmp::Reverse(weight(value)));
        let first = parameters.first().map(|value| value.0);
        let outside = |value: Value| first.is_some_and(|first| value.0 < first) && !uses.contains(&value);
        let behind: Vec<_> = self.state.all_held().filter(|&(_, value)| outside(value)).collect();
        for &value in &uses {
            if let Some(reg) = self.free::<T>(value) {
                self.want(reg, Wanted::Value(value), value);
            }
        }
        // What is needed behind the loop only, where it is wanted there if possible.
        let exits = head.exits.iter().filter_map(|exit| joins.meetings[exit.0 as usize].as_ref());
        let exits = exits.flat_map(|meeting| &meeting.wants).filter_map(|&(place, wanted)| match (place, wanted) {
            (Place::Reg(reg), Wanted::Value(value)) => Some((reg, value)),
            _ => None,
        });
        for (reg, value) in behind.into_iter().chain(exits).filter(|&(_, value)| outside(value)) {
            let known = self.wants.iter().any(|&(_, wanted)| wanted == Wanted::Value(value));
            if known || !self.leaves_some::<T>(reg.class()) {
                continue;
            }
            let reg = if self.taken.contains(reg) { self.free::<T>(value) } else { Some(reg) };
            if let Some(reg) = reg {
                self.want(reg, Wanted::Value(value), value);
            }
        }
        self.wants
    }

    fn want(&mut self, reg: Reg, wanted: Wanted, value: Value) {
        self.state.set_hint(value, reg);
        self.taken.insert(reg);
        self.wants.push((Place::Reg(reg), wanted));
    }

    /// A constant is made anew where it is used.
    fn is_kept(&self, value: Value) -> bool {
        !matches!(self.function.value(value).definition, Definition::Constant(_))
    }

    fn leaves_some<T: Target>(&self, class: Class) -> bool {
        let registers = T::registers(class);
        let left = registers.iter().filter(|&&reg| !self.taken.contains(reg)).count();
        left > SPARE
    }

    /// Where a value should be that is wanted: where it is, else where nothing is, else where nothing is wanted.
    fn free<T: Target>(&self, value: Value) -> Option<Reg> {
        let class = self.function.value(value).class;
        if !self.leaves_some::<T>(class) {
            return None;
        }
        let here = self.state.reg(value).filter(|&reg| !self.taken.contains(reg));
        here.or_else(|| self.state.free::<T>(class, self.state.hint(value), self.taken))
            .or_else(|| T::registers(class).iter().copied().find(|&reg| !self.taken.contains(reg)))
    }
}

/// The moves that bring values to places from where they are; those that are nowhere are put where they are wanted, if
/// that is free.
pub fn bring<'f, T: Target>(
    function: &'f Function,
    wants: Vec<(Place, Value)>,
    state: &mut State<'f>,
    except: RegSet,
) -> Vec<Move> {
    for &(place, value) in &wants {
        if let Place::Reg(reg) = place
            && function.constant(value).is_none()
            && state.reg(value).is_none()
            && state.held(reg).is_none()
            && !except.contains(reg)
        {
            state.put(value, reg);
        }
    }
    let wanted = wants.iter().filter_map(|&(place, _)| match place {
        Place::Reg(reg) => Some(RegSet::of(reg)),
        _ => None,
    });
    let wanted = wanted.fold(except, RegSet::with);
    let mut steps = vec![];
    for &(to, value) in &wants {
        let class = function.value(value).class;
        if function.constant(value).is_none()
            && state.reg(value).is_none()
            && let Some(reg) = state.free::<T>(class, state.hint(value), wanted)
        {
            state.put(value, reg);
        }
        let from = match state.reg(value) {
            Some(reg) if function.constant(value).is_none() => Source::Place(Place::Reg(reg)),
            _ => state.reload(value),
        };
        if from != Source::Place(to) {
            steps.push(Move { to, from, class });
        }
    }
    steps
}
