//! Where values are at the place that the walk has come to.
//!
//! A value that is needed from here on is in a register, or has a *slot*, a word of the frame. Registers are handed out
//! when a use asks for one. When none is free, a value is *evicted*: what is emitted is its reload, since the code that
//! follows expects it in the register, and above it the value has its slot. Its definition, which comes last, stores it
//! there. So:
//!
//! * a slot holds its value from the definition on, whichever way control goes: what is known of slots is the same at
//!   all places, and only registers differ from place to place;
//! * a value that has neither is needed by nobody, and its definition is dropped;
//! * a constant needs no slot: its reload makes it anew.

use super::registers::{Reg, RegSet};
use super::slots::Slots;
use super::target::{Place, Source, Target};
use crate::ir::{Class, Definition, Function, Value};

#[derive(Clone, Copy, Default)]
struct At {
    reg: Option<Reg>,
    slot: Option<u32>,
    /// Where it was, or should be.
    hint: Option<Reg>,
}

/// The registers and slots of a function's values.
pub struct State<'f> {
    function: &'f Function,
    at: Vec<At>,
    holds: [Option<Value>; 64],
    used: RegSet,
    pub slots: Slots,
}

impl<'f> State<'f> {
    pub fn new(function: &'f Function) -> State<'f> {
        State {
            function,
            at: vec![At::default(); function.values.len()],
            holds: [None; 64],
            used: RegSet::EMPTY,
            slots: Slots::new(if function.has_vectors { Class::Vector.words() } else { 1 }),
        }
    }

    pub fn reg(&self, value: Value) -> Option<Reg> {
        self.at[value.0 as usize].reg
    }

    pub fn slot(&self, value: Value) -> Option<u32> {
        self.at[value.0 as usize].slot
    }

    pub fn is_needed(&self, value: Value) -> bool {
        let at = &self.at[value.0 as usize];
        at.reg.is_some() || at.slot.is_some()
    }

    pub fn hint(&self, value: Value) -> Option<Reg> {
        self.at[value.0 as usize].hint
    }

    pub fn set_hint(&mut self, value: Value, reg: Reg) {
        self.at[value.0 as usize].hint = Some(reg);
    }

    pub fn held(&self, reg: Reg) -> Option<Value> {
        self.holds[reg.0 as usize]
    }

    /// All values in registers.
    pub fn all_held(&self) -> impl Iterator<Item = (Reg, Value)> + '_ {
        self.used.iter().filter_map(|reg| Some((reg, self.held(reg)?)))
    }

    /// The value's slot, which it has from now on.
    pub fn slot_of(&mut self, value: Value) -> u32 {
        let slots = &mut self.slots;
        *self.at[value.0 as usize].slot.get_or_insert_with(|| slots.take(value))
    }

    /// The value has come to its definition, and its slot is another's from now on.
    pub fn give_back_slot(&mut self, value: Value) {
        if let Some(slot) = self.at[value.0 as usize].slot.take() {
            self.slots.give_back(slot);
        }
    }

    /// Puts a value into a register that holds none.
    pub fn put(&mut self, value: Value, reg: Reg) {
        debug_assert!(self.held(reg).is_none() && self.reg(value).is_none());
        self.at[value.0 as usize].reg = Some(reg);
        self.holds[reg.0 as usize] = Some(value);
        self.used.insert(reg);
    }

    /// Frees the register of a value, which is remembered as its best one.
    pub fn remove(&mut self, value: Value) -> Option<Reg> {
        let at = &mut self.at[value.0 as usize];
        let reg = at.reg.take()?;
        at.hint = Some(reg);
        self.holds[reg.0 as usize] = None;
        self.used.remove(reg);
        Some(reg)
    }

    /// Nothing is in registers above code that control does not flow into.
    pub fn clear(&mut self) {
        for reg in self.used.iter() {
            if let Some(value) = self.held(reg) {
                self.remove(value);
            }
        }
    }

    /// A register that holds nothing: the wanted one if possible.
    pub fn free<T: Target>(&self, class: Class, wanted: Option<Reg>, except: RegSet) -> Option<Reg> {
        let taken = self.used.with(except);
        let wanted = wanted.filter(|reg| T::registers(class).contains(reg) && !taken.contains(*reg));
        wanted.or_else(|| T::registers(class).iter().copied().find(|&reg| !taken.contains(reg)))
    }

    /// How the value comes back into its register where it is not held in one.
    pub fn reload(&mut self, value: Value) -> Source {
        match self.function.value(value).definition {
            Definition::Constant(bits) => Source::Constant(bits),
            _ => Source::Place(Place::Slot(self.slot_of(value))),
        }
    }

    /// Takes the value out of its register, which the code that follows expects it in.
    pub fn evict<T: Target>(&mut self, target: &mut T, value: Value) {
        if let Some(reg) = self.remove(value) {
            let from = self.reload(value);
            target.copy(self.function.value(value).class, Place::Reg(reg), from);
        }
    }

    /// Makes a register free for what happens above, keeping its value in another one if there is one.
    pub fn vacate<T: Target>(&mut self, target: &mut T, reg: Reg, except: RegSet) {
        let Some(value) = self.held(reg) else { return };
        let is_constant = self.function.constant(value).is_some();
        match self.free::<T>(reg.class(), None, except.with(RegSet::of(reg))) {
            Some(other) if !is_constant => {
                self.remove(value);
                self.put(value, other);
                let class = self.function.value(value).class;
                target.copy(class, Place::Reg(reg), Source::Place(Place::Reg(other)));
            }
            _ => self.evict(target, value),
        }
    }

    /// A free register, for which the value is evicted that is used least if there is none.
    pub fn allocate<T: Target>(&mut self, target: &mut T, class: Class, wanted: Option<Reg>, except: RegSet) -> Reg {
        if let Some(reg) = self.free::<T>(class, wanted, except) {
            return reg;
        }
        let weight = |reg: Reg| match self.held(reg) {
            Some(value) if self.function.constant(value).is_some() => 0,
            Some(value) => self.function.value(value).weight,
            None => 0,
        };
        let candidates = T::registers(class).iter().copied().filter(|&reg| !except.contains(reg));
        let reg = candidates.min_by_key(|&reg| weight(reg)).expect("an instruction leaves registers to others");
        if let Some(value) = self.held(reg) {
            self.evict(target, value);
        }
        reg
    }

    /// The register of a value that is used here.
    pub fn use_in<T: Target>(&mut self, target: &mut T, value: Value, wanted: Option<Reg>, except: RegSet) -> Reg {
        if let Some(reg) = self.reg(value) {
            return reg;
        }
        let class = self.function.value(value).class;
        let hint = self.at[value.0 as usize].hint.filter(|&reg| self.held(reg).is_none() && !except.contains(reg));
        let reg = self.allocate(target, class, wanted.filter(|&reg| !except.contains(reg)).or(hint), except);
        self.put(value, reg);
        reg
    }

    /// The register for the result of what defines the value, if anybody needs it. Emits its store if it has a slot.
    pub fn define<T: Target>(&mut self, target: &mut T, value: Value, except: RegSet) -> Option<Reg> {
        let At { slot, hint, .. } = self.at[value.0 as usize];
        let class = self.function.value(value).class;
        let reg = match (self.remove(value), slot) {
            (None, None) => return None,
            (Some(reg), _) => reg,
            (None, Some(_)) => self.allocate(target, class, hint, except),
        };
        if let Some(slot) = slot {
            target.copy(class, Place::Slot(slot), Source::Place(Place::Reg(reg)));
            self.give_back_slot(value);
        }
        Some(reg)
    }
}
