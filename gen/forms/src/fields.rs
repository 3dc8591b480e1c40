//! `Deserialize` for rows, written out.
//!
//! The crate's users wait for this package whenever they build anew, and with serde's derive it would have to wait for
//! serde_derive and for syn, the two that take longest. Rows are plain: fields by name, some of which may be left out,
//! and words.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use std::fmt;

/// The name of a field, or another word without quotes.
pub struct Word(pub String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Letters;

        impl Visitor<'_> for Letters {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Word, E> {
                Ok(Word(word.into()))
            }
        }

        deserializer.deserialize_identifier(Letters)
    }
}

/// Reads a field's value, which must not be there twice.
pub fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    field: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    match field.replace(map.next_value()?) {
        Some(_) => Err(A::Error::duplicate_field(name)),
        None => Ok(()),
    }
}

/// A struct, of which the fields behind the semicolon may be left out.
macro_rules! record {
    ($record:ident: $($needed:ident)*; $($optional:ident)*) => {
        impl<'de> serde::Deserialize<'de> for $record {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::{Error, MapAccess, Visitor};
                const FIELDS: &[&str] = &[$(stringify!($needed),)* $(stringify!($optional)),*];
                struct Fields;

                impl<'de> Visitor<'de> for Fields {
                    type Value = $record;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a row")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$record, A::Error> {
                        $(let mut $needed = None;)*
                        $(let mut $optional = None;)*
                        while let Some($crate::fields::Word(name)) = map.next_key()? {
                            match name.as_str() {
                                $(stringify!($needed) => {
                                    $crate::fields::once(&mut $needed, stringify!($needed), &mut map)?;
                                })*
                                $(stringify!($optional) => {
                                    $crate::fields::once(&mut $optional, stringify!($optional), &mut map)?;
                                })*
                                _ => return Err(A::Error::unknown_field(&name, FIELDS)),
                            }
                        }
                        Ok($record {
                            $($needed: $needed.ok_or_else(|| A::Error::missing_field(stringify!($needed)))?,)*
                            $($optional: $optional.unwrap_or_default(),)*
                        })
                    }
                }

                deserializer.deserialize_struct(stringify!($record), FIELDS, Fields)
            }
        }
    };
}

/// An enum of words.
macro_rules! words {
    ($words:ident: $($word:ident)*) => {
        impl<'de> serde::Deserialize<'de> for $words {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::{EnumAccess, Error, VariantAccess, Visitor};
                const WORDS: &[&str] = &[$(stringify!($word)),*];
                struct Words;

                impl<'de> Visitor<'de> for Words {
                    type Value = $words;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a word")
                    }

                    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<$words, A::Error> {
                        let ($crate::fields::Word(word), rest) = data.variant()?;
                        rest.unit_variant()?;
                        match word.as_str() {
                            $(stringify!($word) => Ok($words::$word),)*
                            _ => Err(A::Error::unknown_variant(&word, WORDS)),
                        }
                    }
                }

                deserializer.deserialize_enum(stringify!($words), WORDS, Words)
            }
        }
    };
}

pub(crate) use {record, words};
