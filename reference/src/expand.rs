//! Expands `macro_rules!` macros, as rustc does: what selectors are made by has to be read as functions.
//!
//! Every fragment that a table of functions is written with is here: identifiers, literals, types, token trees.

use proc_macro2::{Group, TokenStream, TokenTree};
use std::collections::HashMap;
use syn::parse::{ParseStream, Parser};

/// A macro: its rules, each a pattern and what it becomes.
pub struct Macro {
    rules: Vec<(Vec<TokenTree>, TokenStream)>,
}

/// What the variables of a pattern stand for.
type Bindings = HashMap<String, Binding>;

#[derive(Clone)]
enum Binding {
    One(TokenStream),
    /// Of a repetition: one a time.
    Many(Vec<Binding>),
}

impl Macro {
    /// The macro of what stands in the braces of `macro_rules!`; nothing if that is no list of rules.
    pub fn new(rules: TokenStream) -> Option<Macro> {
        let trees: Vec<TokenTree> = rules.into_iter().collect();
        let rules = trees.split(|tree| is_punct(tree, ';')).filter(|rule| !rule.is_empty()).map(|rule| match rule {
            [TokenTree::Group(pattern), TokenTree::Punct(_), TokenTree::Punct(_), TokenTree::Group(body)] => {
                Some((pattern.stream().into_iter().collect(), body.stream()))
            }
            _ => None,
        });
        Some(Macro { rules: rules.collect::<Option<_>>()? })
    }

    /// Whether an identifier stands anywhere in what the macro becomes.
    pub fn mentions(&self, name: &str) -> bool {
        self.rules.iter().any(|(_, body)| mentions(body, name))
    }

    /// What a call of the macro becomes; nothing if no rule takes these tokens.
    pub fn expand(&self, input: TokenStream) -> Option<TokenStream> {
        let input: Vec<TokenTree> = input.into_iter().collect();
        self.rules.iter().find_map(|(pattern, body)| match matched(pattern, &input)? {
            (bindings, []) => transcribed(body.clone(), &bindings),
            _ => None,
        })
    }
}

fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn is_punct(tree: &TokenTree, c: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == c)
}

/// A repetition behind its `$`: what is repeated, what stands between, and the rest of the tokens.
fn repetition(after: &[TokenTree]) -> Option<(TokenStream, Option<&TokenTree>, &[TokenTree])> {
    let [TokenTree::Group(group), after @ ..] = after else { return None };
    let is_operator = |tree: &TokenTree| ['*', '+', '?'].into_iter().any(|c| is_punct(tree, c));
    match after {
        [operator, rest @ ..] if is_operator(operator) => Some((group.stream(), None, rest)),
        [separator, operator, rest @ ..] if is_operator(operator) => Some((group.stream(), Some(separator), rest)),
        _ => None,
    }
}

/// The bindings of a pattern that is the beginning of these tokens, and the others.
fn matched<'a>(pattern: &[TokenTree], input: &'a [TokenTree]) -> Option<(Bindings, &'a [TokenTree])> {
    let (mut pattern, mut input, mut bindings) = (pattern, input, Bindings::new());
    while let [first, rest @ ..] = pattern {
        if !is_punct(first, '$') {
            input = same(first, input, &mut bindings)?;
            pattern = rest;
        } else if let [TokenTree::Ident(name), colon, TokenTree::Ident(kind), rest @ ..] = rest
            && is_punct(colon, ':')
        {
            let count = fragment(&kind.to_string(), input)?;
            let tokens = input.get(..count)?.iter().cloned().collect();
            bindings.insert(name.to_string(), Binding::One(tokens));
            (pattern, input) = (rest, &input[count..]);
        } else {
            let (repeated, separator, rest) = repetition(rest)?;
            let repeated: Vec<TokenTree> = repeated.into_iter().collect();
            let mut rounds = Vec::new();
            let mut after = input;
            while let Some((round, left)) = matched(&repeated, after).filter(|(_, left)| left.len() < after.len()) {
                rounds.push(round);
                (input, after) = (left, left);
                match (separator, left) {
                    (Some(separator), [next, left @ ..]) if next.to_string() == separator.to_string() => after = left,
                    (Some(_), _) => break,
                    (None, _) => {}
                }
            }
            for name in variables(&repeated) {
                let values = rounds.iter().filter_map(|round| round.get(&name).cloned()).collect();
                bindings.insert(name, Binding::Many(values));
            }
            pattern = rest;
        }
    }
    Some((bindings, input))
}

/// A token that stands for itself, and a group whose tokens match.
fn same<'a>(pattern: &TokenTree, input: &'a [TokenTree], bindings: &mut Bindings) -> Option<&'a [TokenTree]> {
    let (first, rest) = input.split_first()?;
    match (pattern, first) {
        (TokenTree::Group(pattern), TokenTree::Group(group)) if pattern.delimiter() == group.delimiter() => {
            let pattern: Vec<TokenTree> = pattern.stream().into_iter().collect();
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let (inner, left) = matched(&pattern, &inner)?;
            bindings.extend(inner);
            left.is_empty().then_some(rest)
        }
        (TokenTree::Group(_), _) | (_, TokenTree::Group(_)) => None,
        _ => (pattern.to_string() == first.to_string()).then_some(rest),
    }
}

/// The names of a pattern's variables.
fn variables(pattern: &[TokenTree]) -> Vec<String> {
    let mut names = Vec::new();
    for (i, tree) in pattern.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => names.extend(variables(&group.stream().into_iter().collect::<Vec<_>>())),
            TokenTree::Ident(name) if i > 0 && is_punct(&pattern[i - 1], '$') => names.push(name.to_string()),
            _ => {}
        }
    }
    names
}

/// How many of the tokens a fragment of this kind takes.
fn fragment(kind: &str, input: &[TokenTree]) -> Option<usize> {
    match (kind, input.first()?) {
        ("tt", _) | ("ident", TokenTree::Ident(_)) | ("literal", TokenTree::Literal(_)) => Some(1),
        ("ty", _) => {
            let parse = |stream: ParseStream<'_>| {
                stream.parse::<syn::Type>()?;
                stream.parse::<TokenStream>()
            };
            let rest = parse.parse2(input.iter().cloned().collect()).ok()?;
            input.len().checked_sub(rest.into_iter().count())
        }
        _ => None,
    }
}

/// A macro's body with its variables replaced.
fn transcribed(body: TokenStream, bindings: &Bindings) -> Option<TokenStream> {
    let trees: Vec<TokenTree> = body.into_iter().collect();
    let (mut trees, mut out) = (&trees[..], TokenStream::new());
    while let [first, rest @ ..] = trees {
        trees = rest;
        match (first, rest) {
            (dollar, [TokenTree::Ident(name), after @ ..]) if is_punct(dollar, '$') => {
                match bindings.get(&name.to_string()) {
                    Some(Binding::One(tokens)) => out.extend(tokens.clone()),
                    Some(Binding::Many(_)) => return None,
                    // `$crate`.
                    None => out.extend([TokenTree::Ident(name.clone())]),
                }
                trees = after;
            }
            (dollar, _) if is_punct(dollar, '$') => {
                let (repeated, separator, after) = repetition(rest)?;
                for (i, round) in rounds(&repeated, bindings).into_iter().enumerate() {
                    out.extend(separator.filter(|_| i > 0).cloned());
                    out.extend(transcribed(repeated.clone(), &round)?);
                }
                trees = after;
            }
            (TokenTree::Group(group), _) => {
                let inner = transcribed(group.stream(), bindings)?;
                out.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
            }
            (other, _) => out.extend([other.clone()]),
        }
    }
    Some(out)
}

/// The bindings of each round of a repetition.
fn rounds(repeated: &TokenStream, bindings: &Bindings) -> Vec<Bindings> {
    let names = variables(&repeated.clone().into_iter().collect::<Vec<_>>());
    let lists = names.iter().filter_map(|name| match bindings.get(name) {
        Some(Binding::Many(values)) => Some((name, values)),
        _ => None,
    });
    let lists: Vec<_> = lists.collect();
    let count = lists.iter().map(|(_, values)| values.len()).min().unwrap_or(0);
    let round = |i: usize| {
        let mut round = bindings.clone();
        round.extend(lists.iter().map(|(name, values)| ((*name).clone(), values[i].clone())));
        round
    };
    (0..count).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(rules: &str, input: &str) -> Option<String> {
        let rules = Macro::new(rules.parse().expect("tokens")).expect("rules");
        Some(rules.expand(input.parse().expect("tokens"))?.to_string())
    }

    #[test]
    fn repetitions_nest() {
        let rules = "($($name:ident($($of:ident: $ty:ty),+; $imm:ident) $doc:literal;)*) => \
            {$(fn $name($($of: $ty,)+ imm: $imm) { $doc })*}";
        let found = expanded(rules, r#"f(a: Vec<u8>, b: B; i64) "F"; g(c: C; u32) "G";"#);
        let wanted: TokenStream =
            r#"fn f(a: Vec<u8>, b: B, imm: i64) { "F" } fn g(c: C, imm: u32) { "G" }"#.parse().expect("tokens");
        assert_eq!(found, Some(wanted.to_string()));
    }

    #[test]
    fn an_outer_variable_stands_in_an_inner_repetition() {
        let found = expanded("($($ty:ident: $($x:ident)*;)*) => {$($($ty $x)*)*}", "A: b c; D: e;");
        assert_eq!(found.as_deref(), Some("A b A c D e"));
    }

    #[test]
    fn the_first_rule_that_takes_all_is_taken() {
        let rules = "(one) => { 1 }; ($x:ident) => { $x };";
        assert_eq!(expanded(rules, "one").as_deref(), Some("1"));
        assert_eq!(expanded(rules, "two").as_deref(), Some("two"));
        assert_eq!(expanded(rules, "two three"), None);
    }
}
