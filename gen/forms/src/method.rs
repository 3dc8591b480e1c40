//! Encoder functions: methods of the runtime's encoder, or of an extension trait for it.
//!
//! Another crate cannot give the runtime's type methods of its own. So its tables become a trait, whose methods are
//! called alike.

use crate::{
    pages,
    print::{self, Item},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::BTreeMap;

/// An encoder function.
#[derive(Debug, Clone)]
pub struct Method {
    /// The lines of its documentation.
    pub docs: Vec<String>,
    /// Its attributes, as a part of the documentation.
    pub attributes: TokenStream,
    /// Its name, parameters and result.
    pub signature: TokenStream,
    /// What it does.
    pub body: TokenStream,
    /// The table that it is from, relative to the tables' root.
    pub table: String,
    /// What it is to other functions.
    pub role: Role,
}

/// What a function is to others: what its documentation says with links, for who lists the functions otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A form's own function.
    Form,
    /// A selector: the operands say which one of these functions it is.
    Selects(Vec<String>),
    /// A parameter that is no operand says which one of these functions it is.
    ByValue(Vec<String>),
    /// Another name of this function.
    Synonym(String),
}

impl Method {
    /// Its name.
    pub fn name(&self) -> String {
        self.signature.clone().into_iter().next().map_or_else(String::new, |name| name.to_string())
    }

    /// Name, parameters and result as a person writes them.
    pub fn declaration(&self) -> String {
        print::inline(self.signature.clone())
    }
}

/// Where encoder functions belong.
#[derive(Debug, Clone, Copy)]
pub enum Home<'a> {
    /// To the runtime itself.
    Runtime,
    /// To another crate.
    Extension {
        /// The path of the runtime, as that crate has it.
        runtime: &'a str,
        /// The trait.
        name: &'a str,
    },
}

impl Home<'_> {
    /// The path of the runtime.
    pub fn runtime(&self) -> &str {
        match self {
            Home::Runtime => "crate",
            Home::Extension { runtime, .. } => runtime,
        }
    }

    /// The functions, as the text of a part of a module that has `Emitter` and `Direction`.
    pub fn methods(&self, methods: &[Method]) -> String {
        match self {
            Home::Runtime => {
                let mut tables: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
                for Method { docs, attributes, signature, body, table, role: _ } in methods {
                    let tokens = quote! {
                        #attributes
                        #[cfg_attr(not(debug_assertions), inline(always))]
                        pub fn #signature { #body }
                    };
                    tables.entry(table).or_default().push(Item { docs: docs.clone(), tokens });
                }
                let blocks = tables.into_iter().map(|(table, items)| {
                    let (set, page) = (table.split('/').next().unwrap_or_default(), pages::module(table));
                    format!("/// [{page}](crate::{set}::instructions::{page})\n")
                        + &print::items(Some(quote!(impl<Dir: Direction> Emitter<'_, Dir>)), &items)
                });
                blocks.collect::<Vec<_>>().join("\n")
            }
            Home::Extension { name, .. } => {
                let name = Ident::new(name, Span::call_site());
                let declared = methods.iter().map(|Method { docs, attributes, signature, .. }| Item {
                    docs: docs.clone(),
                    tokens: quote!(#attributes fn #signature;),
                });
                let placed = methods.iter().map(|Method { signature, body, .. }| Item {
                    docs: vec![],
                    tokens: quote! {
                        #[cfg_attr(not(debug_assertions), inline(always))]
                        fn #signature { #body }
                    },
                });
                String::from(
                    "/// Instructions of this crate's tables, as functions of the encoders of both directions.\n",
                ) + &print::items(Some(quote!(pub trait #name)), &declared.collect::<Vec<_>>())
                    + "\n"
                    + &print::items(
                        Some(quote! {
                            #[allow(clippy::unusual_byte_groupings)]
                            impl<Dir: Direction> #name for Emitter<'_, Dir>
                        }),
                        &placed.collect::<Vec<_>>(),
                    )
            }
        }
    }
}
