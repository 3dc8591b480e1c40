//! Conditions of `jcc`, `setcc` and `cmovcc`.

conditions! {
    /// A condition on the flags; its value is the low half of the opcode (SDM vol. 1, appendix B).
    O 0 "Overflow"
    No 1 "No overflow"
    B 2 "Below, unsigned (carry)"
    Ae 3 "Above or equal, unsigned (no carry)"
    E 4 "Equal (zero)"
    Ne 5 "Not equal (not zero)"
    Be 6 "Below or equal, unsigned"
    A 7 "Above, unsigned"
    S 8 "Sign (negative)"
    Ns 9 "No sign (not negative)"
    P 10 "Parity even; unordered, after a floating-point comparison"
    Np 11 "Parity odd; ordered, after a floating-point comparison"
    L 12 "Less, signed"
    Ge 13 "Greater or equal, signed"
    Le 14 "Less or equal, signed"
    G 15 "Greater, signed"
}

impl Cond {
    /// The opposite condition.
    #[inline]
    pub const fn inverse(self) -> Cond {
        Cond::ALL[self as usize ^ 1]
    }
}
