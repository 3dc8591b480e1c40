//! How the constants of rows are packed, by the sort of encoding.

use super::{Apx, Encoding, ModRm, Rex};
use crate::layout::{Field, Layout, field, zeros};
use proc_macro2::Literal;

/// All of them.
pub static LAYOUTS: [&Layout; 4] = [&LEGACY, &REX2, &VEX, &EVEX];

const DIGIT: Field = field("digit", 3, "the digit in ModRM.reg");
const OPCODE: Field = field("opcode", 8, "the opcode");

static LEGACY: Layout = Layout {
    name: "LegacyRow",
    of: "the constants of a legacy row",
    taken_by: &[
        "op",
        "op_imm",
        "op_at",
        "plus",
        "plus_imm",
        "rm",
        "rm_imm",
        "rm_imm_by_size",
        "rel8",
        "rel32",
        "branch_by_distance",
        "wait_before",
        "wait_after",
    ],
    bits: 64,
    groups: &[
        &[field("prefixes", 24, "the prefixes' bytes, the last one first")],
        // From here on 32 bits, so that where there are no prefixes the number is a short one in machine code, too.
        &[field("opcode", 24, "the opcode's bytes, the last one first")],
        &[field("prefix_len", 2, "the number of prefixes"), field("opcode_len", 2, "the number of opcode bytes")],
        &[field("w", 1, "REX.W"), DIGIT],
    ],
};

static REX2: Layout = Layout {
    name: "Rex2Row",
    of: "the constants of a row with REX2",
    taken_by: &["rex2", "rex2_op", "rex2_plus"],
    bits: 64,
    groups: &[
        &[field("prefixes", 16, "the prefixes' bytes, the last one first")],
        &[zeros(2), field("prefix_len", 2, "the number of prefixes")],
        &[zeros(1), DIGIT],
        &[field("m0", 1, "REX2.M0"), zeros(3), field("w", 1, "REX2.W"), zeros(3)],
        &[OPCODE],
    ],
};

static VEX: Layout = Layout {
    name: "VexRow",
    of: "the constants of a row with VEX or XOP",
    taken_by: &["vex", "vex_imm", "vex_op", "xop"],
    bits: 32,
    groups: &[
        &[zeros(5), DIGIT],
        &[OPCODE],
        &[zeros(3), field("map", 5, "1 is 0F, 2 is 0F38, 3 is 0F3A, or 5, 7; 8 to 10 are XOP's")],
        &[
            field("w", 1, "VEX.W"),
            zeros(4),
            field("l", 1, "VEX.L, 1 for 256 bits"),
            field("pp", 2, "0 is none, 1 is 66, 2 is F3, 3 is F2"),
        ],
    ],
};

static EVEX: Layout = Layout {
    name: "EvexRow",
    of: "the constants of a row with EVEX",
    taken_by: &["evex", "evex_vsib"],
    bits: 64,
    groups: &[
        &[zeros(5), DIGIT],
        &[OPCODE],
        &[zeros(5), field("map", 3, "1 is 0F, 2 is 0F38, 3 is 0F3A, or 4 to 7")],
        &[field("w", 1, "EVEX.W"), zeros(5), field("pp", 2, "0 is none, 1 is 66, 2 is F3, 3 is F2")],
        &[
            zeros(1),
            field("ll", 2, "EVEX.L'L"),
            field("nd", 1, "APX's ND"),
            field("scc", 4, "APX's NF at bit 2, or a condition with its highest bit inverted"),
        ],
        &[zeros(5), field("full", 3, "N of disp8*N for a full operand, as a power of two")],
        &[zeros(5), field("element", 3, "N of disp8*N for a broadcast element, likewise")],
    ],
};

/// The layout of an encoding's constants.
pub(super) fn layout(encoding: &Encoding) -> &'static Layout {
    match encoding {
        Encoding::Legacy { .. } => &LEGACY,
        Encoding::Rex2 { .. } => &REX2,
        Encoding::Vex { .. } => &VEX,
        Encoding::Evex { .. } => &EVEX,
    }
}

/// The constants of an encoding, as a literal.
pub(super) fn row(encoding: &Encoding) -> Literal {
    layout(encoding).literal(number(encoding))
}

/// The constants of an encoding, in its layout.
pub(super) fn number(encoding: &Encoding) -> u64 {
    let digit = |modrm: &Option<ModRm>| modrm.and_then(|modrm| modrm.reg).unwrap_or(0).into();
    match encoding {
        Encoding::Legacy { prefixes, rex, opcode, modrm, .. } => LEGACY.pack(&[
            ("opcode", last_first(opcode, 3)),
            ("prefixes", last_first(prefixes, 3)),
            ("digit", digit(modrm)),
            ("w", (*rex == Rex::W).into()),
            ("prefix_len", prefixes.len() as u32),
            ("opcode_len", opcode.len() as u32),
        ]),
        Encoding::Rex2 { prefixes, w, map1, opcode, modrm, .. } => REX2.pack(&[
            ("prefixes", last_first(prefixes, 2)),
            ("prefix_len", prefixes.len() as u32),
            ("digit", digit(modrm)),
            ("m0", (*map1).into()),
            ("w", (*w).into()),
            ("opcode", (*opcode).into()),
        ]),
        Encoding::Vex { l, pp, map, w, opcode, modrm } => VEX.pack(&[
            ("digit", digit(modrm)),
            ("opcode", (*opcode).into()),
            ("map", (*map).into()),
            ("w", (*w).into()),
            ("l", (*l).into()),
            ("pp", (*pp).into()),
        ]),
        Encoding::Evex { ll, pp, map, w, opcode, modrm, disp8: (full, element), apx } => {
            let (ll, nd, scc) = match *apx {
                // The highest bit of a condition is stored as it is, in the place of V4, which is stored inverted.
                Some(Apx { nd, nf, scc }) => (0, nd, scc.map_or(0, |scc| scc ^ 8) | u8::from(nf) << 2),
                None => (*ll, false, 0),
            };
            EVEX.pack(&[
                ("digit", digit(&Some(*modrm))),
                ("opcode", (*opcode).into()),
                ("map", (*map).into()),
                ("w", (*w).into()),
                ("pp", (*pp).into()),
                ("ll", ll.into()),
                ("nd", nd.into()),
                ("scc", scc.into()),
                ("full", full.trailing_zeros()),
                ("element", element.trailing_zeros()),
            ])
        }
    }
}

/// Bytes in a field of so many, the last one highest, whatever their number.
fn last_first(bytes: &[u8], room: u32) -> u32 {
    bytes.iter().fold(0, |word, byte| word >> 8 | u32::from(*byte) << (8 * (room - 1)))
}
