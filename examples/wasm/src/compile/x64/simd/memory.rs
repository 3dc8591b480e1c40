//! Vectors in linear memory.

use tailfirst::x64::{EAX, Mem, RAX, Xmm};

use super::lanes::ByLanes;
use super::{I8x16, I16x8, I32x4, I64x2, X64};
use crate::compile::registers::Reg;
use crate::compile::target::Access;
use crate::compile::x64::xmm;
use crate::ir::simd::{Lanes, VectorLoad};

impl X64<'_, '_> {
    pub(in crate::compile::x64) fn load_vector(&mut self, load: VectorLoad, d: Xmm, place: Mem) {
        match load {
            VectorLoad::Whole => self.enc.vmovdqu_xmm_xmmm128(d, place),
            VectorLoad::Extend(lanes, sign) => self.enc.extend(lanes, sign, d, place.into()),
            VectorLoad::Splat(I8x16) => {
                self.splat(I8x16, d, RAX);
                self.enc.movzx_r32_rm8(EAX, place);
            }
            VectorLoad::Splat(I16x8) => {
                self.splat(I16x8, d, RAX);
                self.enc.movzx_r32_rm16(EAX, place);
            }
            VectorLoad::Splat(I32x4) => self.enc.vbroadcastss_xmm_m32(d, place),
            VectorLoad::Splat(I64x2) => self.enc.vmovddup_xmm_xmmm64(d, place),
            VectorLoad::Zero(I64x2) => self.enc.vmovsd_xmm_m64(d, place),
            VectorLoad::Zero(_) => self.enc.vmovss_xmm_m32(d, place),
        }
    }

    pub(in crate::compile::x64) fn load_into_lane(
        &mut self,
        lanes: Lanes,
        lane: u8,
        d: Reg,
        value: Reg,
        access: Access,
    ) {
        let place = Self::place(access);
        let (d, value) = (xmm(d), xmm(value));
        match lanes {
            I8x16 => self.enc.vpinsrb_xmm_xmm_r32m8_imm8(d, value, place, lane),
            I16x8 => self.enc.vpinsrw_xmm_xmm_r32m16_imm8(d, value, place, lane),
            I32x4 => self.enc.vpinsrd_xmm_xmm_rm32_imm8(d, value, place, lane),
            I64x2 => self.enc.vpinsrq_xmm_xmm_rm64_imm8(d, value, place, lane),
        }
        self.approach(access, lanes.bytes());
    }

    pub(in crate::compile::x64) fn store_from_lane(&mut self, lanes: Lanes, lane: u8, access: Access, value: Reg) {
        let place = Self::place(access);
        let value = xmm(value);
        match lanes {
            I8x16 => self.enc.vpextrb_r32m8_xmm_imm8(place, value, lane),
            I16x8 => self.enc.vpextrw_r32m16_xmm_imm8(place, value, lane),
            I32x4 => self.enc.vpextrd_rm32_xmm_imm8(place, value, lane),
            I64x2 => self.enc.vpextrq_rm64_xmm_imm8(place, value, lane),
        }
        self.approach(access, lanes.bytes());
    }
}
