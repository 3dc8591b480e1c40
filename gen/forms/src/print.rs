//! Generated code as text that people can read.
//!
//! `quote` makes tokens, whose own `Display` is one long line with documentation as `#[doc = ...]` attributes. People
//! meet the generated functions in the documentation's source view and in a debugger, so this module lays them out:
//! documentation as one comment, one item a block, a statement a line, and spaces where a person would put them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A generated item and its documentation.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its lines.
    pub docs: Vec<String>,
    /// The item itself, without its documentation.
    pub tokens: TokenStream,
}

/// The items in the braces of `header` (an `impl`), or in a row if there is none.
pub fn items(header: Option<TokenStream>, items: &[Item]) -> String {
    let mut printer = Printer::default();
    if let Some(header) = &header {
        printer.tokens(header.clone());
        printer.open_block();
    }
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            printer.blank_line();
        }
        printer.docs(&item.docs);
        printer.tokens(item.tokens.clone());
        printer.end_line();
    }
    if header.is_some() {
        printer.close_block();
    }
    printer.end_line();
    printer.out
}

/// Tokens on one line.
pub fn inline(tokens: TokenStream) -> String {
    let mut printer = Printer { nesting: 1, ..Printer::default() };
    printer.tokens(tokens);
    printer.out
}

#[derive(Default)]
struct Printer {
    out: String,
    depth: usize,
    /// Open parentheses, brackets and generic arguments, within which nothing starts a new line.
    nesting: usize,
    /// Whether a space may be wanted before the next token.
    last: Last,
}

/// What the previous token wants behind it.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing: the start of a line, an opening bracket, a prefix operator, a path separator.
    #[default]
    Tight,
    /// A space before a word, but none before punctuation that binds to the left.
    Word,
    /// A space before anything.
    Operator,
}

impl Printer {
    fn line(&mut self, text: &str) {
        self.end_line();
        self.indent();
        self.out.push_str(text);
        self.end_line();
    }

    /// Documentation as one comment: a line with `///` each would be an attribute each, which rustc keeps and writes
    /// out one by one.
    fn docs(&mut self, docs: &[String]) {
        if let [line] = docs {
            return self.line(&format!("/// {line}"));
        }
        for (i, doc) in docs.iter().enumerate() {
            if i == 0 {
                self.line(&format!("/** {doc}"));
            } else if doc.is_empty() {
                self.blank_line();
            } else {
                self.line(doc);
            }
        }
        if !docs.is_empty() {
            self.line("*/");
        }
    }

    fn blank_line(&mut self) {
        self.end_line();
        self.out.push('\n');
    }

    fn end_line(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.last = Last::Tight;
    }

    fn indent(&mut self) {
        if self.out.is_empty() || self.out.ends_with('\n') {
            self.out.push_str(&"    ".repeat(self.depth));
        }
    }

    fn open_block(&mut self) {
        self.word("{");
        self.depth += 1;
        self.end_line();
    }

    fn close_block(&mut self) {
        self.end_line();
        self.depth -= 1;
        self.indent();
        self.out.push('}');
        self.last = Last::Word;
    }

    /// Text with a space before it if the previous token wants one.
    fn word(&mut self, text: &str) {
        self.indent();
        if self.last != Last::Tight {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.last = Last::Word;
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) => {
                    self.word(&ident.to_string());
                    if ident == "if" {
                        // No call: a bracket behind it begins an expression.
                        self.last = Last::Operator;
                    }
                }
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
                TokenTree::Group(group) => {
                    let empty = group.stream().is_empty();
                    match group.delimiter() {
                        Delimiter::Brace if empty => self.word("{}"),
                        Delimiter::Brace if self.nesting > 0 => {
                            self.word("{");
                            self.tokens(group.stream());
                            self.word("}");
                        }
                        Delimiter::Brace => {
                            self.open_block();
                            self.tokens(group.stream());
                            self.close_block();
                            if matches!(tokens.peek(), Some(TokenTree::Ident(next)) if next != "else") {
                                self.end_line();
                            }
                        }
                        Delimiter::Parenthesis => self.bracketed('(', group.stream(), ')'),
                        Delimiter::Bracket => {
                            let attribute = self.out.ends_with('#') || self.out.ends_with("#!");
                            self.bracketed('[', group.stream(), ']');
                            if attribute {
                                self.end_line();
                            }
                        }
                        Delimiter::None => self.tokens(group.stream()),
                    }
                }
                TokenTree::Punct(punct) => {
                    let mut operator = punct.as_char().to_string();
                    let mut last = punct;
                    while last.spacing() == Spacing::Joint && last.as_char() != '\'' {
                        match tokens.next_if(|next| matches!(next, TokenTree::Punct(_))) {
                            Some(TokenTree::Punct(next)) => {
                                operator.push(next.as_char());
                                last = next;
                            }
                            _ => break,
                        }
                    }
                    self.operator(&operator);
                }
            }
        }
    }

    fn bracketed(&mut self, open: char, inner: TokenStream, close: char) {
        self.indent();
        if self.last == Last::Operator {
            self.out.push(' ');
        }
        self.out.push(open);
        self.last = Last::Tight;
        self.nesting += 1;
        self.tokens(inner);
        self.nesting -= 1;
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push(close);
        self.last = Last::Word;
    }

    fn operator(&mut self, operator: &str) {
        match operator {
            ";" if self.nesting > 0 => {
                self.out.push(';');
                self.last = Last::Operator;
            }
            ";" => {
                self.out.push(';');
                self.end_line();
            }
            "," | ":" => {
                self.out.push_str(operator);
                self.last = Last::Operator;
                if operator == "," && self.nesting == 0 {
                    self.end_line();
                }
            }
            "." | "::" | "?" => {
                self.indent();
                self.out.push_str(operator);
                self.last = Last::Tight;
            }
            "'" | "&" | "#" | "!" if self.last != Last::Word => {
                self.indent();
                if self.last == Last::Operator {
                    self.out.push(' ');
                }
                self.out.push_str(operator);
                self.last = Last::Tight;
            }
            "'" => {
                self.word("'");
                self.last = Last::Tight;
            }
            // Generic arguments; the generated code compares nothing with `<` and `>`.
            "<" => {
                self.out.push('<');
                self.last = Last::Tight;
                self.nesting += 1;
            }
            ">" => {
                self.out.push('>');
                self.last = Last::Word;
                self.nesting = self.nesting.saturating_sub(1);
            }
            "!" | "#" => {
                self.indent();
                self.out.push_str(operator);
                self.last = Last::Tight;
            }
            _ => {
                self.word(operator);
                self.last = Last::Operator;
            }
        }
    }
}
