//! Forms as data (the runtime's feature `forms`): what many forms have in common is written once.
//!
//! rustc checks every list that becomes a slice, and every function, by itself. With lists and functions of their own
//! fifteen thousand forms take it twice as long as all encoder functions. So equal lists are one constant; what takes
//! the parameters from operands is one function for all forms whose parameters have the same types; and what calls the
//! encoder functions is one function for [`CALLS`] of them.
//!
//! All of it is generic or `#[inline]`, and what refers to it is constant. So machine code is made where the runtime's
//! `forms` is compiled. Without optimization that is the runtime: once for all crates that ask for the forms. With
//! optimization it is each of these, since it takes minutes, and whoever does not ask should not wait.

use crate::print;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// How many encoder functions one function calls. With more, the functions are long for what optimizes them; with
/// fewer, there are more of them.
const CALLS: usize = 32;

/// What the forms of an instruction set have in common.
#[derive(Default)]
pub(crate) struct Common {
    lists: Numbered,
    parameters: Numbered,
    /// The arms of the functions that call encoder functions, one behind the other.
    calls: Vec<TokenStream>,
}

/// Texts that occur more than once, with numbers, and the items that they became.
#[derive(Default)]
struct Numbered {
    numbers: HashMap<String, usize>,
    items: String,
}

impl Numbered {
    /// The name for a text: of the item that it had before, or of the one that `item` makes.
    fn name(&mut self, prefix: &str, text: String, item: impl FnOnce(&Ident) -> TokenStream) -> Ident {
        let next = self.numbers.len();
        let number = *self.numbers.entry(text).or_insert(next);
        let name = ident(&format!("{prefix}{number}"));
        if number == next {
            self.items += &print::inline(item(&name));
            self.items.push('\n');
        }
        name
    }
}

impl Common {
    /// The constant that is a list of these elements.
    pub(crate) fn list(&mut self, ty: &TokenStream, elements: impl Iterator<Item = TokenStream>) -> Ident {
        let elements = quote!(#(#elements),*);
        let text = format!("{} {}", print::inline(ty.clone()), print::inline(elements.clone()));
        self.lists.name("LIST_", text, |name| quote!(const #name: &[#ty] = &[#elements];))
    }

    /// What calls the encoder function with parameters of these types: a form's field `emit`.
    pub(crate) fn emit(&mut self, function: &str, types: &[TokenStream]) -> TokenStream {
        let (call, index) = (self.calls.len() / CALLS, self.calls.len() % CALLS);
        let names: Vec<_> = (0..types.len()).map(|index| ident(&format!("p{index}"))).collect();
        let function = ident(function);
        let index = Literal::usize_unsuffixed(index);
        let arm = if types.is_empty() {
            quote!(#index => enc.#function(),)
        } else {
            let parameters = self.parameters(types);
            // Said without `?`, which rustc takes longer for than for all the rest.
            quote! {
                #index => match #parameters(operands) {
                    Ok((#(#names,)*)) => enc.#function(#(#names),*),
                    Err(error) => return Err(error),
                }
            }
        };
        self.calls.push(arm);
        let call = ident(&format!("CALL_{call}"));
        quote!(Emit { call: #call, index: #index })
    }

    /// The function that takes parameters of these types from operands.
    fn parameters(&mut self, types: &[TokenStream]) -> Ident {
        let text = print::inline(quote!(#(#types,)*));
        self.parameters.name("parameters_", text, |name| {
            let each = types.iter().enumerate().map(|(index, ty)| {
                let (index, expected) = (Literal::usize_unsuffixed(index), print::inline(ty.clone()));
                quote!(parameter::<#ty>(operands, #index, #expected)?)
            });
            quote! {
                #[inline]
                #[allow(clippy::type_complexity)]
                fn #name(operands: &[Operand]) -> Result<(#(#types,)*), OperandError> {
                    Ok((#(#each,)*))
                }
            }
        })
    }

    /// The items that the forms refer to.
    pub(crate) fn into_items(self) -> String {
        let mut text = self.lists.items + &self.parameters.items;
        for (number, arms) in self.calls.chunks(CALLS).enumerate() {
            let (constant, function) = (ident(&format!("CALL_{number}")), ident(&format!("call_{number}")));
            // Of some, no encoder function has parameters.
            text += &print::inline(quote! {
                #[allow(unused_variables)]
                fn #function<Dir: Direction>(
                    enc: &mut Emitter<'_, Dir>, index: u8, operands: &[Operand]
                ) -> Result<(), OperandError> {
                    match index {
                        #(#arms)*
                        _ => {}
                    }
                    Ok(())
                }
                const #constant: Call = Call { down: #function::<Down>, up: #function::<Up> };
            });
            text.push('\n');
        }
        text
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
