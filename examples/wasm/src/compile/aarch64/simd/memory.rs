//! Vectors in linear memory.

use tailfirst::aarch64::{Address, AddressError, B, D, Encoder, H, S, V};

use super::{A64, I8x16, I16x8, I32x4, I64x2, LANE, Low, T, copy_vector, extend};
use crate::compile::target::Access;
use crate::ir::simd::{Lanes, VectorLoad};

/// One number of that size into or out of the lowest lane.
fn load(enc: &mut Encoder<'_>, lanes: Lanes, to: V, place: Address) -> Result<(), AddressError> {
    match lanes {
        I8x16 => enc.ldr_b(B::wrapping(to.number()), place),
        I16x8 => enc.ldr_h(H::wrapping(to.number()), place),
        I32x4 => enc.ldr_s(S::wrapping(to.number()), place),
        I64x2 => enc.ldr_d(D::wrapping(to.number()), place),
    }
}

fn store(enc: &mut Encoder<'_>, lanes: Lanes, from: V, place: Address) -> Result<(), AddressError> {
    match lanes {
        I8x16 => enc.str_b(B::wrapping(from.number()), place),
        I16x8 => enc.str_h(H::wrapping(from.number()), place),
        I32x4 => enc.str_s(S::wrapping(from.number()), place),
        I64x2 => enc.str_d(D::wrapping(from.number()), place),
    }
}

impl A64<'_, '_> {
    pub(in crate::compile::aarch64) fn load_vector(&mut self, kind: VectorLoad, to: V, access: Access) {
        let part = match kind {
            VectorLoad::Whole => return self.access(access, 16, |enc, place| enc.ldr_q(to.q(), place)),
            VectorLoad::Extend(lanes, sign) => {
                extend(self.enc, lanes, Low, sign, to, to);
                I64x2
            }
            VectorLoad::Splat(lanes) => {
                match lanes {
                    I8x16 => self.enc.dup_v16b_elem(to.v16b(), to.b(0).expect(LANE)),
                    I16x8 => self.enc.dup_v8h_elem(to.v8h(), to.h(0).expect(LANE)),
                    I32x4 => self.enc.dup_v4s_elem(to.v4s(), to.s(0).expect(LANE)),
                    I64x2 => self.enc.dup_v2d_elem(to.v2d(), to.d(0).expect(LANE)),
                }
                lanes
            }
            // What is above is zero then.
            VectorLoad::Zero(lanes) => lanes,
        };
        self.access(access, kind.bytes(), |enc, place| load(enc, part, to, place));
    }

    pub(in crate::compile::aarch64) fn load_into_lane(
        &mut self,
        lanes: Lanes,
        lane: u8,
        to: V,
        value: V,
        access: Access,
    ) {
        match lanes {
            I8x16 => self.enc.ins_b_elem(to.b(lane).expect(LANE), T.b(0).expect(LANE)),
            I16x8 => self.enc.ins_h_elem(to.h(lane).expect(LANE), T.h(0).expect(LANE)),
            I32x4 => self.enc.ins_s_elem(to.s(lane).expect(LANE), T.s(0).expect(LANE)),
            I64x2 => self.enc.ins_d_elem(to.d(lane).expect(LANE), T.d(0).expect(LANE)),
        }
        copy_vector(self.enc, to, value);
        self.access(access, lanes.bytes(), |enc, place| load(enc, lanes, T, place));
    }

    pub(in crate::compile::aarch64) fn store_from_lane(&mut self, lanes: Lanes, lane: u8, access: Access, value: V) {
        if lane == 0 {
            return self.access(access, lanes.bytes(), |enc, place| store(enc, lanes, value, place));
        }
        self.access(access, lanes.bytes(), |enc, place| store(enc, lanes, T, place));
        match lanes {
            I8x16 => self.enc.dup_v16b_elem(T.v16b(), value.b(lane).expect(LANE)),
            I16x8 => self.enc.dup_v8h_elem(T.v8h(), value.h(lane).expect(LANE)),
            I32x4 => self.enc.dup_v4s_elem(T.v4s(), value.s(lane).expect(LANE)),
            I64x2 => self.enc.dup_v2d_elem(T.v2d(), value.d(lane).expect(LANE)),
        }
    }
}
