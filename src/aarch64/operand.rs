//! What can stand where a register, an address or an immediate is wanted.

/// What can stand where an operand of type `T` is wanted: the operand itself, and what becomes one of its own accord,
/// as [`Gpr64`](super::Gpr64) becomes an [`X`](super::X).
///
/// It is [`Into`] by another name, under which the compiler says what is missing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the operand `{T}`",
    label = "expected `{T}`",
    note = "`X` is X0 to X30 or XZR, `XSp` is X0 to X30 or SP; `W` and `WSp` are their low 32 bits: `X0.w()` is W0",
    note = "an address is `X0 + 8`, or `Address::from(X0)` of a register alone",
    note = "an immediate is made by its type: `AddImm::of::<5>()` of a constant, `AddImm::new(n)` at run time; \
            `add_x_const` and its kin take plain numbers"
)]
pub trait IntoOperand<T>: Into<T> {}

#[diagnostic::do_not_recommend]
impl<T, O: Into<T>> IntoOperand<T> for O {}
