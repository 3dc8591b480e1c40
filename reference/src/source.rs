//! The functions that are written by hand in the runtime's source: methods of the encoders of one instruction set.

use crate::expand::Macro;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::{collections::HashMap, fs, io, path::Path};
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, ReceiverKind, Type, Visibility, punctuated::Punctuated};

/// A method as the source has it.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// Name, parameters and result.
    pub signature: TokenStream,
    /// Its documentation in Markdown.
    pub docs: String,
    /// The methods of the encoder that it calls.
    pub calls: Vec<String>,
    /// Where it stands, relative to the repository.
    pub file: String,
    /// Who can call it.
    pub reach: Reach,
}

/// Who can call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Users, on an encoder.
    Users,
    /// The runtime; or users, but on no encoder.
    Others,
}

/// The methods of a folder's files, `src/x64`.
pub fn methods(repository: &Path, folder: &str) -> io::Result<Vec<Written>> {
    let mut methods = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(repository.join(folder))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            methods.extend(self::methods(repository, &path)?);
        } else if path.ends_with(".rs") {
            let text = fs::read_to_string(repository.join(&path))?;
            let wrong = |error: syn::Error| io::Error::other(format!("{path}: {error}"));
            let mut file = File { path: &path, macros: HashMap::new(), methods: Vec::new() };
            file.items(syn::parse_file(&text).map_err(wrong)?.items).map_err(wrong)?;
            methods.extend(file.methods);
        }
    }
    Ok(methods)
}

/// A file that is read.
struct File<'a> {
    path: &'a str,
    /// Those that make methods of encoders.
    macros: HashMap<String, Macro>,
    methods: Vec<Written>,
}

impl File<'_> {
    fn items(&mut self, items: Vec<Item>) -> syn::Result<()> {
        for item in items {
            match item {
                Item::Impl(block) if block.trait_.is_none() && is_encoder(&block.self_ty) => {
                    for item in block.items {
                        match item {
                            ImplItem::Fn(method) => self.method(method),
                            ImplItem::Macro(call) => {
                                return Err(syn::Error::new_spanned(call, "a macro among methods"));
                            }
                            _ => {}
                        }
                    }
                }
                Item::Mod(module) if !is_for_tests(&module.attrs) => {
                    self.items(module.content.map_or_else(Vec::new, |(_, items)| items))?;
                }
                Item::Macro(item) => match &item.ident {
                    Some(name) => {
                        let made = Macro::new(item.mac.tokens)
                            .filter(|made| made.mentions("impl") && made.mentions("Emitter"));
                        self.macros.extend(made.map(|made| (name.to_string(), made)));
                    }
                    None => self.call(&item.mac)?,
                },
                _ => {}
            }
        }
        Ok(())
    }

    /// What a call of a macro makes.
    fn call(&mut self, call: &syn::Macro) -> syn::Result<()> {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let Some(made) = self.macros.get(&name) else { return Ok(()) };
        let expanded = made.expand(call.tokens.clone());
        let expanded = expanded.ok_or_else(|| syn::Error::new_spanned(&call.path, "no rule takes this call"))?;
        self.items(syn::parse2::<syn::File>(expanded)?.items)
    }

    fn method(&mut self, method: syn::ImplItemFn) {
        let receiver = method.sig.receiver().map(|receiver| &receiver.kind);
        let is_called_on_encoder = matches!(receiver, Some(ReceiverKind::Reference(_, _, Some(_))));
        let is_public = matches!(method.vis, Visibility::Public(_));
        let mut calls = Vec::new();
        calls_of(method.block.to_token_stream(), &mut calls);
        let is_name = |tree: &TokenTree| matches!(tree, TokenTree::Ident(name) if *name == method.sig.ident);
        let signature = method.sig.to_token_stream().into_iter();
        self.methods.push(Written {
            name: method.sig.ident.to_string(),
            signature: signature.skip_while(|tree| !is_name(tree)).collect(),
            docs: docs(&method.attrs),
            calls,
            file: self.path.into(),
            reach: if is_public && is_called_on_encoder { Reach::Users } else { Reach::Others },
        });
    }
}

fn is_encoder(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Emitter" || segment.ident == "Encoder")
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// The documentation of all `#[doc]` attributes.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => text(&doc.value),
        _ => None,
    });
    lines.map(|line| line.strip_prefix(' ').map_or(line.clone(), String::from)).collect::<Vec<_>>().join("\n")
}

/// The text of a literal, `concat!` or `stringify!`.
fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Macro(call) if call.mac.path.is_ident("concat") => {
            let parts = call.mac.parse_body_with(Punctuated::<Expr, syn::Token![,]>::parse_terminated).ok()?;
            parts.iter().map(text).collect()
        }
        Expr::Macro(call) if call.mac.path.is_ident("stringify") => Some(call.mac.tokens.to_string()),
        Expr::Group(group) => text(&group.expr),
        _ => None,
    }
}

/// The methods that a body calls on `self`, or on the `enc` of a closure.
fn calls_of(body: TokenStream, calls: &mut Vec<String>) {
    let trees: Vec<TokenTree> = body.into_iter().collect();
    for window in trees.windows(3) {
        if let [TokenTree::Ident(on), TokenTree::Punct(dot), TokenTree::Ident(name)] = window
            && (on == "self" || on == "enc")
            && dot.as_char() == '.'
        {
            calls.push(name.to_string());
        }
    }
    for tree in trees {
        if let TokenTree::Group(group) = tree {
            calls_of(group.stream(), calls);
        }
    }
}
