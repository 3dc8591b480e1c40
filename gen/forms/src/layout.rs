//! The constants of a row in one number: which bits each of them has.
//!
//! A generated function hands its row's constants to the runtime in one plain literal, since no other argument costs so
//! little build time. Four must agree on such a number, and follow from one [`Layout`]:
//!
//! ```text
//!              +--> pack      the number, when a function is generated
//!   Layout ----+--> literal   its digits, in groups that follow the constants
//!              +--> legend    which group is what, at the head of the generated file
//!              +--> readers   what the runtime unpacks it with, as text of a module
//! ```

use crate::print::{self, Item};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

/// A number that holds constants.
#[derive(Debug)]
pub struct Layout {
    /// The reader's name.
    pub name: &'static str,
    /// What has such a number.
    pub of: &'static str,
    /// The runtime's functions that take it.
    pub taken_by: &'static [&'static str],
    /// The number's bits: 32 or 64. Those above its groups are zero.
    pub bits: u32,
    /// Groups of whole digits, highest first; in a group the fields from the highest on.
    pub groups: &'static [&'static [Field]],
}

/// Bits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The constant's name; empty for bits that are zero.
    pub name: &'static str,
    /// How many there are.
    pub width: u32,
    /// What the constant is.
    pub what: &'static str,
}

/// A constant's bits.
pub const fn field(name: &'static str, width: u32, what: &'static str) -> Field {
    Field { name, width, what }
}

/// Bits that are zero.
pub const fn zeros(width: u32) -> Field {
    Field { name: "", width, what: "" }
}

impl Layout {
    /// The fields that have names, and their lowest bits.
    fn places(&self) -> impl Iterator<Item = (&'static Field, u32)> {
        let mut above = self.width();
        let all = self.groups.iter().copied().flatten().map(move |field| {
            above -= field.width;
            (field, above)
        });
        all.filter(|(field, _)| !field.name.is_empty())
    }

    fn width(&self) -> u32 {
        self.groups.iter().copied().map(width).sum()
    }

    /// The number with these constants: each of the fields that have names.
    ///
    /// # Panics
    /// A constant does not fit its field, or the names are not those of the fields.
    pub fn pack(&self, constants: &[(&str, u32)]) -> u64 {
        assert_eq!(constants.len(), self.places().count(), "{}: {constants:?}", self.name);
        self.places().fold(0, |number, (field, lsb)| {
            let constant = constants.iter().find(|(name, _)| *name == field.name);
            let Some(&(_, value)) = constant else { panic!("{}.{} is not given", self.name, field.name) };
            let value = u64::from(value);
            assert!(value >> field.width == 0, "{}.{} has {} bits: {value:#x}", self.name, field.name, field.width);
            number | value << lsb
        })
    }

    /// A number as a literal: a group of digits for each of the layout's, without the groups in front that are zero.
    pub fn literal(&self, number: u64) -> Literal {
        let mut below = self.width();
        let groups: Vec<String> = self
            .groups
            .iter()
            .map(|group| {
                below -= width(group);
                let (digits, value) = ((width(group) / 4) as usize, number >> below & low_mask(width(group)));
                format!("{value:0digits$X}")
            })
            .collect();
        let is_zero = |group: &String| group.bytes().all(|digit| digit == b'0');
        let first = groups.iter().position(|group| !is_zero(group)).unwrap_or(groups.len() - 1);
        // Digits in base 16 are a literal.
        format!("0x{}", groups[first..].join("_")).parse().unwrap_or_else(|_| Literal::u64_unsuffixed(number))
    }

    /// Which group of digits is what, for people.
    fn legend(&self) -> String {
        let mut text = format!("//\n// {}, to", capitalized(self.of));
        let mut column = text.len();
        for (i, function) in self.taken_by.iter().enumerate() {
            let punctuation = if i + 1 == self.taken_by.len() { ':' } else { ',' };
            if column + function.len() > 116 {
                text += "\n//";
                column = 2;
            }
            text += &format!(" {function}{punctuation}");
            column += function.len() + 2;
        }
        text.push('\n');
        for group in self.groups {
            let (digits, fields) = (width(group) / 4, named(group));
            let one = |field: &Field| match (fields.len(), field.width) {
                (1, _) => format!("{}: {}", field.name, field.what),
                (_, 1) => format!("{} (1 bit): {}", field.name, field.what),
                (_, width) => format!("{} ({width} bits): {}", field.name, field.what),
            };
            let fields: Vec<_> = fields.iter().copied().map(one).collect();
            text += &format!("//   {digits} digit{}  {}\n", if digits == 1 { " " } else { "s" }, fields.join("; "));
        }
        text
    }

    /// The reader: a type around the number, with a method for each field, and for the fields of each group together.
    fn reader(&self) -> String {
        let (name, number) = (ident(self.name), ident(&format!("u{}", self.bits)));
        let reader = Item {
            docs: vec![format!("{}, as functions hand them over.", capitalized(self.of))],
            tokens: quote! {
                #[derive(Debug, Clone, Copy)]
                pub(super) struct #name(pub(super) #number);
            },
        };
        let mut methods: Vec<Item> =
            self.places().map(|(field, lsb)| method(field.name, field.what, lsb, field.width)).collect();
        let mut below = self.width();
        for group in self.groups {
            below -= width(group);
            let names: Vec<_> = named(group).iter().map(|field| field.name).collect();
            if names.len() > 1 {
                let what = format!("`{}` in {} bits, as they stand in the number", names.join("`, `"), width(group));
                methods.push(method(&names.join("_"), &what, below, width(group)));
            }
        }
        print::items(None, &[reader]) + "\n" + &print::items(Some(quote!(impl #name)), &methods)
    }
}

/// The legends of some layouts, as a comment.
pub fn legends(layouts: &[&Layout]) -> String {
    let text = "\
        // What functions hand over of their rows is in one number each, in groups of hexadecimal digits. Here they are from\n\
        // the left on; those in front that are zero are not written.\n";
    layouts.iter().fold(text.into(), |text, layout| text + &layout.legend())
}

/// The readers of some layouts, as the text of a module.
pub fn readers(layouts: &[&Layout]) -> String {
    let readers: Vec<_> = layouts.iter().map(|layout| layout.reader()).collect();
    String::from("// Generated by tailfirst-gen: what reads the numbers that generated functions hand over.\n\n")
        + &readers.join("\n")
}

/// A method that reads `width` bits from bit `lsb` on.
fn method(name: &str, what: &str, lsb: u32, width: u32) -> Item {
    let name = ident(name);
    let shift = Literal::u32_unsuffixed(lsb);
    let shifted = if lsb == 0 { quote!(self.0) } else { quote!((self.0 >> #shift)) };
    let (ty, value) = match width {
        1 => (quote!(bool), quote!(#shifted & 1 != 0)),
        _ => {
            let bits = width.next_power_of_two().max(8);
            let ty = ident(&format!("u{bits}"));
            let mask = if width == bits {
                TokenStream::new()
            } else {
                format!("& {:#X}", low_mask(width)).parse().unwrap_or_default()
            };
            (quote!(#ty), quote!(#shifted as #ty #mask))
        }
    };
    let tokens = quote! {
        #[inline(always)]
        pub(super) const fn #name(self) -> #ty {
            #value
        }
    };
    Item { docs: vec![capitalized(what) + "."], tokens }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn named(group: &'static [Field]) -> Vec<&'static Field> {
    group.iter().filter(|field| !field.name.is_empty()).collect()
}

fn width(group: &[Field]) -> u32 {
    group.iter().map(|field| field.width).sum()
}

/// The lowest `width` bits, fewer than 64.
fn low_mask(width: u32) -> u64 {
    (1 << width) - 1
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aarch64, x64};

    fn all() -> impl Iterator<Item = &'static Layout> {
        x64::LAYOUTS.into_iter().chain(aarch64::LAYOUTS)
    }

    /// What the methods of the reader's text give for a number.
    fn read(layout: &Layout, number: u64) -> Vec<(String, u64)> {
        let text = layout.reader();
        let methods = text.split("const fn ").skip(1);
        methods.map(|method| read_by(method, number).expect("a method as it is written above")).collect()
    }

    /// The name of a method, and what it gives for a number.
    fn read_by(method: &str, number: u64) -> Option<(String, u64)> {
        let (name, rest) = method.split_once("(self) -> ")?;
        let (ty, body) = rest.split_once(" {\n")?;
        let body = body.split_once('\n')?.0.trim();
        let (shift, body) = match body.strip_prefix("(self.0 >> ") {
            Some(body) => body.split_once(')')?,
            None => ("0", body.strip_prefix("self.0")?),
        };
        let shifted = number >> shift.parse::<u32>().ok()?;
        let mask = match body {
            " & 1 != 0" => 1,
            _ => match body.strip_prefix(&format!(" as {ty}"))?.strip_prefix(" & 0x") {
                Some(mask) => u64::from_str_radix(mask, 16).ok()?,
                None => low_mask(ty[1..].parse().ok()?),
            },
        };
        Some((name.to_string(), shifted & mask))
    }

    #[test]
    fn what_is_packed_is_read_again() {
        let mut seed = 0x9E37_79B9_7F4A_7C15u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for layout in all() {
            for _ in 0..200 {
                let constants: Vec<_> =
                    layout.places().map(|(field, _)| (field.name, (random() & low_mask(field.width)) as u32)).collect();
                let number = layout.pack(&constants);
                assert!(layout.bits == 64 || number >> layout.bits == 0);
                let read = read(layout, number);
                for (name, value) in &constants {
                    assert!(read.contains(&(name.to_string(), u64::from(*value))), "{}.{name} {read:?}", layout.name);
                }
                let text = layout.literal(layout.pack(&constants)).to_string().replace('_', "");
                assert_eq!(u64::from_str_radix(&text[2..], 16), Ok(number));
            }
        }
    }

    #[test]
    fn groups_are_whole_digits_of_the_number() {
        for layout in all() {
            assert!(matches!(layout.bits, 32 | 64) && layout.width() <= layout.bits, "{}", layout.name);
            assert!(layout.groups.iter().all(|group| width(group).is_multiple_of(4)), "{}", layout.name);
            let mut names: Vec<_> = layout.places().map(|(field, _)| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), layout.places().count(), "{}", layout.name);
        }
    }

    static LAYOUT: Layout = Layout {
        name: "Row",
        of: "the constants of a row",
        taken_by: &["op", "rm"],
        bits: 32,
        groups: &[
            &[field("opcode", 8, "the opcode")],
            &[field("w", 1, "W"), zeros(1), field("digit", 6, "the digit")],
            &[field("map", 4, "the map")],
        ],
    };

    #[test]
    fn groups_follow_the_fields() {
        let literal = |opcode, w, digit, map| {
            LAYOUT.literal(LAYOUT.pack(&[("map", map), ("digit", digit), ("opcode", opcode), ("w", w)])).to_string()
        };
        assert_eq!(literal(0x58, 1, 3, 2), "0x58_83_2");
        assert_eq!(literal(0x08, 0, 0, 0), "0x08_00_0");
        assert_eq!(literal(0, 0, 0x10, 0), "0x10_0");
        assert_eq!(literal(0, 0, 0, 0), "0x0");
        let legend = LAYOUT.legend();
        assert!(legend.ends_with(
            "// The constants of a row, to op, rm:\n\
             //   2 digits  opcode: the opcode\n\
             //   2 digits  w (1 bit): W; digit (6 bits): the digit\n\
             //   1 digit   map: the map\n"
        ));
        assert_eq!(
            read(&LAYOUT, 0x58832),
            [("opcode", 0x58), ("w", 1), ("digit", 3), ("map", 2), ("w_digit", 0x83)].map(|(n, v)| (n.into(), v))
        );
    }

    #[test]
    #[should_panic(expected = "Row.map has 4 bits: 0x10")]
    fn what_does_not_fit_is_refused() {
        LAYOUT.pack(&[("opcode", 0), ("w", 0), ("digit", 0), ("map", 16)]);
    }

    #[test]
    #[should_panic(expected = "Row.map is not given")]
    fn nothing_is_left_out() {
        LAYOUT.pack(&[("opcode", 0), ("w", 0), ("digit", 0), ("mop", 1)]);
    }
}
