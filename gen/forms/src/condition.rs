//! `when`: what must hold between a row's operands.
//!
//! ```text
//!   condition  = conjunction { "||" conjunction }
//!   conjunction = comparison { "&&" comparison }
//!   comparison = term ("==" | "!=") term
//!   term       = name | number
//! ```

use crate::error::Reason;

/// A condition, as a disjunction of conjunctions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// As written.
    pub text: String,
    /// One of these must hold, in all of its comparisons.
    pub any_of: Vec<Vec<Comparison>>,
}

/// Two terms that must be equal, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The left term.
    pub left: Term,
    /// `==` or `!=`.
    pub equal: bool,
    /// The right term.
    pub right: Term,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// An operand or a field.
    Name(String),
    /// A number.
    Number(u32),
}

impl Condition {
    /// The names in the condition.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let terms = self.any_of.iter().flatten().flat_map(|comparison| [&comparison.left, &comparison.right]);
        terms.filter_map(|term| match term {
            Term::Name(name) => Some(name.as_str()),
            Term::Number(_) => None,
        })
    }
}

/// Parses a row's `when`.
pub fn parse(text: &str) -> Result<Condition, Reason> {
    let wrong = |problem| Reason::Condition { text: text.into(), problem };
    let term = |text: &str| -> Result<Term, Reason> {
        let text = text.trim();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(wrong("a term is a name or a number"));
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return text.parse().map(Term::Number).map_err(|_| wrong("a term is a name or a number"));
        }
        Ok(Term::Name(text.into()))
    };
    let comparison = |text: &str| -> Result<Comparison, Reason> {
        let (equal, (left, right)) = match (text.split_once("=="), text.split_once("!=")) {
            (Some(sides), None) => (true, sides),
            (None, Some(sides)) => (false, sides),
            _ => return Err(wrong("a comparison has one == or !=")),
        };
        Ok(Comparison { left: term(left)?, equal, right: term(right)? })
    };
    let any_of =
        text.split("||").map(|all_of| all_of.split("&&").map(comparison).collect()).collect::<Result<_, _>>()?;
    Ok(Condition { text: text.into(), any_of })
}
