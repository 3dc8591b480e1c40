//! Operands that are names, with their numbers from the manual's tables: op1, CRn, CRm, op2.

use tailfirst::aarch64::*;

/// A system operation, or another operand that is only a name.
pub struct Named {
    /// As the public API has it.
    pub name: &'static str,
    pub op1: u32,
    pub crn: u32,
    pub crm: u32,
    pub op2: u32,
    pub operand: fn() -> Operand,
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! named {
    ($table:ident $ty:ident: $($name:ident$(.$method:ident())? $op1:literal $crn:literal $crm:literal $op2:literal),*) => {
        static $table: &[Named] = &[$(Named {
            name: concat!(stringify!($name) $(, stringify!($method))?),
            op1: $op1,
            crn: $crn,
            crm: $crm,
            op2: $op2,
            operand: || $ty::$name$(.$method())?.into(),
        }),*];
    };
}

named!(DC DcOp:
    ZVA 3 7 4 1, IVAC 0 7 6 1, ISW 0 7 6 2, CVAC 3 7 10 1, CSW 0 7 10 2, CVAU 3 7 11 1, CIVAC 3 7 14 1, CISW 0 7 14 2,
    CVAP 3 7 12 1, CVADP 3 7 13 1, IGVAC 0 7 6 3, IGSW 0 7 6 4, CGSW 0 7 10 4, CIGSW 0 7 14 4, CGVAC 3 7 10 3,
    CGVAP 3 7 12 3, CGVADP 3 7 13 3, CIGVAC 3 7 14 3, GVA 3 7 4 3, IGDVAC 0 7 6 5, IGDSW 0 7 6 6, CGDSW 0 7 10 6,
    CIGDSW 0 7 14 6, CGDVAC 3 7 10 5, CGDVAP 3 7 12 5, CGDVADP 3 7 13 5, CIGDVAC 3 7 14 5, GZVA 3 7 4 4,
    CIPAE 4 7 14 0, CIGDPAE 4 7 14 7, CIGDPAPA 6 7 14 5, CIPAPA 6 7 14 1, CIVAOC 3 7 15 0, CVAOC 3 7 11 0,
    CIGDVAOC 3 7 15 7, CGDVAOC 3 7 11 7, CIVAPS 0 7 15 1, CIGDVAPS 0 7 15 5,
    ZGBVA 3 7 4 5, GBVA 3 7 4 7
);

named!(AT AtOp:
    S1E1R 0 7 8 0, S1E2R 4 7 8 0, S1E3R 6 7 8 0, S1E1W 0 7 8 1, S1E2W 4 7 8 1, S1E3W 6 7 8 1, S1E0R 0 7 8 2,
    S1E0W 0 7 8 3, S12E1R 4 7 8 4, S12E1W 4 7 8 5, S12E0R 4 7 8 6, S12E0W 4 7 8 7, S1E1RP 0 7 9 0, S1E1WP 0 7 9 1,
    S1E1A 0 7 9 2, S1E2A 4 7 9 2, S1E3A 6 7 9 2
);

named!(IC IcOp:
    IALLUIS 0 7 1 0, IALLU 0 7 5 0
);

named!(TLBI TlbiOp:
    VMALLE1IS 0 8 3 0, VMALLE1 0 8 7 0, ALLE2IS 4 8 3 0, ALLE2 4 8 7 0, ALLE3IS 6 8 3 0, ALLE3 6 8 7 0,
    ALLE1IS 4 8 3 4, ALLE1 4 8 7 4, VMALLS12E1IS 4 8 3 6, VMALLS12E1 4 8 7 6, VMALLE1OS 0 8 1 0, ALLE2OS 4 8 1 0,
    ALLE1OS 4 8 1 4, VMALLS12E1OS 4 8 1 6, ALLE3OS 6 8 1 0, PAALL 6 8 7 4, PAALLOS 6 8 1 4, VMALLE1IS.nxs() 0 9 3 0,
    VMALLE1.nxs() 0 9 7 0, ALLE2IS.nxs() 4 9 3 0, ALLE2.nxs() 4 9 7 0, ALLE3IS.nxs() 6 9 3 0, ALLE3.nxs() 6 9 7 0,
    ALLE1IS.nxs() 4 9 3 4, ALLE1.nxs() 4 9 7 4, VMALLS12E1IS.nxs() 4 9 3 6, VMALLS12E1.nxs() 4 9 7 6,
    VMALLE1OS.nxs() 0 9 1 0, ALLE2OS.nxs() 4 9 1 0, ALLE1OS.nxs() 4 9 1 4, VMALLS12E1OS.nxs() 4 9 1 6,
    ALLE3OS.nxs() 6 9 1 0, PAALL.nxs() 6 9 7 4, PAALLOS.nxs() 6 9 1 4,
    VMALLWS2E1IS 4 8 2 2, VMALLWS2E1OS 4 8 5 2, VMALLWS2E1 4 8 6 2, VMALLWS2E1IS.nxs() 4 9 2 2,
    VMALLWS2E1OS.nxs() 4 9 5 2, VMALLWS2E1.nxs() 4 9 6 2
);

named!(TLBI_X TlbiXOp:
    VAE1IS 0 8 3 1, VAE1 0 8 7 1, ASIDE1IS 0 8 3 2, ASIDE1 0 8 7 2, VAAE1IS 0 8 3 3, VAAE1 0 8 7 3, VALE1IS 0 8 3 5,
    VALE1 0 8 7 5, VAALE1IS 0 8 3 7, VAALE1 0 8 7 7, VAE2IS 4 8 3 1, VAE2 4 8 7 1, VALE2IS 4 8 3 5, VALE2 4 8 7 5,
    VAE3IS 6 8 3 1, VAE3 6 8 7 1, VALE3IS 6 8 3 5, VALE3 6 8 7 5, IPAS2E1IS 4 8 0 1, IPAS2E1 4 8 4 1,
    IPAS2LE1IS 4 8 0 5, IPAS2LE1 4 8 4 5, VAE1OS 0 8 1 1, ASIDE1OS 0 8 1 2, VAAE1OS 0 8 1 3, VALE1OS 0 8 1 5,
    VAALE1OS 0 8 1 7, VAE2OS 4 8 1 1, VALE2OS 4 8 1 5, VAE3OS 6 8 1 1, VALE3OS 6 8 1 5, IPAS2E1OS 4 8 4 0,
    IPAS2LE1OS 4 8 4 4, RVAE1 0 8 6 1, RVAAE1 0 8 6 3, RVALE1 0 8 6 5, RVAALE1 0 8 6 7, RVAE1IS 0 8 2 1,
    RVAAE1IS 0 8 2 3, RVALE1IS 0 8 2 5, RVAALE1IS 0 8 2 7, RVAE1OS 0 8 5 1, RVAAE1OS 0 8 5 3, RVALE1OS 0 8 5 5,
    RVAALE1OS 0 8 5 7, RVAE2 4 8 6 1, RVALE2 4 8 6 5, RVAE2IS 4 8 2 1, RVALE2IS 4 8 2 5, RVAE2OS 4 8 5 1,
    RVALE2OS 4 8 5 5, RVAE3 6 8 6 1, RVALE3 6 8 6 5, RVAE3IS 6 8 2 1, RVALE3IS 6 8 2 5, RVAE3OS 6 8 5 1,
    RVALE3OS 6 8 5 5, RIPAS2E1IS 4 8 0 2, RIPAS2LE1IS 4 8 0 6, RIPAS2E1 4 8 4 2, RIPAS2LE1 4 8 4 6,
    RIPAS2E1OS 4 8 4 3, RIPAS2LE1OS 4 8 4 7, RPAOS 6 8 4 3, RPALOS 6 8 4 7, VAE1IS.nxs() 0 9 3 1, VAE1.nxs() 0 9 7 1,
    ASIDE1IS.nxs() 0 9 3 2, ASIDE1.nxs() 0 9 7 2, VAAE1IS.nxs() 0 9 3 3, VAAE1.nxs() 0 9 7 3, VALE1IS.nxs() 0 9 3 5,
    VALE1.nxs() 0 9 7 5, VAALE1IS.nxs() 0 9 3 7, VAALE1.nxs() 0 9 7 7, VAE2IS.nxs() 4 9 3 1, VAE2.nxs() 4 9 7 1,
    VALE2IS.nxs() 4 9 3 5, VALE2.nxs() 4 9 7 5, VAE3IS.nxs() 6 9 3 1, VAE3.nxs() 6 9 7 1, VALE3IS.nxs() 6 9 3 5,
    VALE3.nxs() 6 9 7 5, IPAS2E1IS.nxs() 4 9 0 1, IPAS2E1.nxs() 4 9 4 1, IPAS2LE1IS.nxs() 4 9 0 5,
    IPAS2LE1.nxs() 4 9 4 5, VAE1OS.nxs() 0 9 1 1, ASIDE1OS.nxs() 0 9 1 2, VAAE1OS.nxs() 0 9 1 3,
    VALE1OS.nxs() 0 9 1 5, VAALE1OS.nxs() 0 9 1 7, VAE2OS.nxs() 4 9 1 1, VALE2OS.nxs() 4 9 1 5, VAE3OS.nxs() 6 9 1 1,
    VALE3OS.nxs() 6 9 1 5, IPAS2E1OS.nxs() 4 9 4 0, IPAS2LE1OS.nxs() 4 9 4 4, RVAE1.nxs() 0 9 6 1,
    RVAAE1.nxs() 0 9 6 3, RVALE1.nxs() 0 9 6 5, RVAALE1.nxs() 0 9 6 7, RVAE1IS.nxs() 0 9 2 1, RVAAE1IS.nxs() 0 9 2 3,
    RVALE1IS.nxs() 0 9 2 5, RVAALE1IS.nxs() 0 9 2 7, RVAE1OS.nxs() 0 9 5 1, RVAAE1OS.nxs() 0 9 5 3,
    RVALE1OS.nxs() 0 9 5 5, RVAALE1OS.nxs() 0 9 5 7, RVAE2.nxs() 4 9 6 1, RVALE2.nxs() 4 9 6 5, RVAE2IS.nxs() 4 9 2 1,
    RVALE2IS.nxs() 4 9 2 5, RVAE2OS.nxs() 4 9 5 1, RVALE2OS.nxs() 4 9 5 5, RVAE3.nxs() 6 9 6 1, RVALE3.nxs() 6 9 6 5,
    RVAE3IS.nxs() 6 9 2 1, RVALE3IS.nxs() 6 9 2 5, RVAE3OS.nxs() 6 9 5 1, RVALE3OS.nxs() 6 9 5 5,
    RIPAS2E1IS.nxs() 4 9 0 2, RIPAS2LE1IS.nxs() 4 9 0 6, RIPAS2E1.nxs() 4 9 4 2, RIPAS2LE1.nxs() 4 9 4 6,
    RIPAS2E1OS.nxs() 4 9 4 3, RIPAS2LE1OS.nxs() 4 9 4 7, RPAOS.nxs() 6 9 4 3, RPALOS.nxs() 6 9 4 7,
    VMALLE1OS 0 8 1 0, VMALLE1IS 0 8 3 0, ALLE2OS 4 8 1 0, ALLE1OS 4 8 1 4, VMALLS12E1OS 4 8 1 6,
    VMALLWS2E1IS 4 8 2 2, ALLE2IS 4 8 3 0, ALLE1IS 4 8 3 4, VMALLS12E1IS 4 8 3 6, VMALLWS2E1OS 4 8 5 2,
    ALLE3OS 6 8 1 0, ALLE3IS 6 8 3 0, VMALLE1OS.nxs() 0 9 1 0, VMALLE1IS.nxs() 0 9 3 0, ALLE2OS.nxs() 4 9 1 0,
    ALLE1OS.nxs() 4 9 1 4, VMALLS12E1OS.nxs() 4 9 1 6, VMALLWS2E1IS.nxs() 4 9 2 2, ALLE2IS.nxs() 4 9 3 0,
    ALLE1IS.nxs() 4 9 3 4, VMALLS12E1IS.nxs() 4 9 3 6, VMALLWS2E1OS.nxs() 4 9 5 2, ALLE3OS.nxs() 6 9 1 0,
    ALLE3IS.nxs() 6 9 3 0
);

named!(TLBI_PAIR TlbiPairOp:
    VAE1IS 0 8 3 1, VAE1 0 8 7 1, VAAE1IS 0 8 3 3, VAAE1 0 8 7 3, VALE1IS 0 8 3 5, VALE1 0 8 7 5, VAALE1IS 0 8 3 7,
    VAALE1 0 8 7 7, VAE2IS 4 8 3 1, VAE2 4 8 7 1, VALE2IS 4 8 3 5, VALE2 4 8 7 5, VAE3IS 6 8 3 1, VAE3 6 8 7 1,
    VALE3IS 6 8 3 5, VALE3 6 8 7 5, IPAS2E1IS 4 8 0 1, IPAS2E1 4 8 4 1, IPAS2LE1IS 4 8 0 5, IPAS2LE1 4 8 4 5,
    VAE1OS 0 8 1 1, VAAE1OS 0 8 1 3, VALE1OS 0 8 1 5, VAALE1OS 0 8 1 7, VAE2OS 4 8 1 1, VALE2OS 4 8 1 5,
    VAE3OS 6 8 1 1, VALE3OS 6 8 1 5, IPAS2E1OS 4 8 4 0, IPAS2LE1OS 4 8 4 4, RVAE1 0 8 6 1, RVAAE1 0 8 6 3,
    RVALE1 0 8 6 5, RVAALE1 0 8 6 7, RVAE1IS 0 8 2 1, RVAAE1IS 0 8 2 3, RVALE1IS 0 8 2 5, RVAALE1IS 0 8 2 7,
    RVAE1OS 0 8 5 1, RVAAE1OS 0 8 5 3, RVALE1OS 0 8 5 5, RVAALE1OS 0 8 5 7, RVAE2 4 8 6 1, RVALE2 4 8 6 5,
    RVAE2IS 4 8 2 1, RVALE2IS 4 8 2 5, RVAE2OS 4 8 5 1, RVALE2OS 4 8 5 5, RVAE3 6 8 6 1, RVALE3 6 8 6 5,
    RVAE3IS 6 8 2 1, RVALE3IS 6 8 2 5, RVAE3OS 6 8 5 1, RVALE3OS 6 8 5 5, RIPAS2E1IS 4 8 0 2, RIPAS2LE1IS 4 8 0 6,
    RIPAS2E1 4 8 4 2, RIPAS2LE1 4 8 4 6, RIPAS2E1OS 4 8 4 3, RIPAS2LE1OS 4 8 4 7, VAE1IS.nxs() 0 9 3 1,
    VAE1.nxs() 0 9 7 1, VAAE1IS.nxs() 0 9 3 3, VAAE1.nxs() 0 9 7 3, VALE1IS.nxs() 0 9 3 5, VALE1.nxs() 0 9 7 5,
    VAALE1IS.nxs() 0 9 3 7, VAALE1.nxs() 0 9 7 7, VAE2IS.nxs() 4 9 3 1, VAE2.nxs() 4 9 7 1, VALE2IS.nxs() 4 9 3 5,
    VALE2.nxs() 4 9 7 5, VAE3IS.nxs() 6 9 3 1, VAE3.nxs() 6 9 7 1, VALE3IS.nxs() 6 9 3 5, VALE3.nxs() 6 9 7 5,
    IPAS2E1IS.nxs() 4 9 0 1, IPAS2E1.nxs() 4 9 4 1, IPAS2LE1IS.nxs() 4 9 0 5, IPAS2LE1.nxs() 4 9 4 5,
    VAE1OS.nxs() 0 9 1 1, VAAE1OS.nxs() 0 9 1 3, VALE1OS.nxs() 0 9 1 5, VAALE1OS.nxs() 0 9 1 7,
    VAE2OS.nxs() 4 9 1 1, VALE2OS.nxs() 4 9 1 5, VAE3OS.nxs() 6 9 1 1, VALE3OS.nxs() 6 9 1 5,
    IPAS2E1OS.nxs() 4 9 4 0, IPAS2LE1OS.nxs() 4 9 4 4, RVAE1.nxs() 0 9 6 1, RVAAE1.nxs() 0 9 6 3,
    RVALE1.nxs() 0 9 6 5, RVAALE1.nxs() 0 9 6 7, RVAE1IS.nxs() 0 9 2 1, RVAAE1IS.nxs() 0 9 2 3,
    RVALE1IS.nxs() 0 9 2 5, RVAALE1IS.nxs() 0 9 2 7, RVAE1OS.nxs() 0 9 5 1, RVAAE1OS.nxs() 0 9 5 3,
    RVALE1OS.nxs() 0 9 5 5, RVAALE1OS.nxs() 0 9 5 7, RVAE2.nxs() 4 9 6 1, RVALE2.nxs() 4 9 6 5,
    RVAE2IS.nxs() 4 9 2 1, RVALE2IS.nxs() 4 9 2 5, RVAE2OS.nxs() 4 9 5 1, RVALE2OS.nxs() 4 9 5 5,
    RVAE3.nxs() 6 9 6 1, RVALE3.nxs() 6 9 6 5, RVAE3IS.nxs() 6 9 2 1, RVALE3IS.nxs() 6 9 2 5, RVAE3OS.nxs() 6 9 5 1,
    RVALE3OS.nxs() 6 9 5 5, RIPAS2E1IS.nxs() 4 9 0 2, RIPAS2LE1IS.nxs() 4 9 0 6, RIPAS2E1.nxs() 4 9 4 2,
    RIPAS2LE1.nxs() 4 9 4 6, RIPAS2E1OS.nxs() 4 9 4 3, RIPAS2LE1OS.nxs() 4 9 4 7
);

named!(GIC GicOp:
    CDDIS 0 12 1 0, CDEN 0 12 1 1, CDPRI 0 12 1 2, CDAFF 0 12 1 3, CDPEND 0 12 1 4, CDRCFG 0 12 1 5, CDDI 0 12 2 0,
    CDHM 0 12 2 1, VDDIS 4 12 1 0, VDEN 4 12 1 1, VDPRI 4 12 1 2, VDAFF 4 12 1 3, VDPEND 4 12 1 4, VDRCFG 4 12 1 5,
    VDDI 4 12 2 0, VDHM 4 12 2 1, LDDIS 6 12 1 0, LDEN 6 12 1 1, LDPRI 6 12 1 2, LDAFF 6 12 1 3, LDPEND 6 12 1 4,
    LDRCFG 6 12 1 5, LDDI 6 12 2 0, LDHM 6 12 2 1
);

named!(PLBI PlbiOp:
    VMALLE1OS 0 10 1 0, VMALLE1IS 0 10 3 0, VMALLE1 0 10 7 0, ALLE2OS 4 10 1 0, ALLE1OS 4 10 1 4, ALLE2IS 4 10 3 0,
    ALLE1IS 4 10 3 4, ALLE2 4 10 7 0, ALLE1 4 10 7 4, ALLE3OS 6 10 1 0, ALLE3IS 6 10 3 0, ALLE3 6 10 7 0,
    VMALLE1OS.nxs() 0 10 9 0, VMALLE1IS.nxs() 0 10 11 0, VMALLE1.nxs() 0 10 15 0, ALLE2OS.nxs() 4 10 9 0,
    ALLE1OS.nxs() 4 10 9 4, ALLE2IS.nxs() 4 10 11 0, ALLE1IS.nxs() 4 10 11 4, ALLE2.nxs() 4 10 15 0,
    ALLE1.nxs() 4 10 15 4, ALLE3OS.nxs() 6 10 9 0, ALLE3IS.nxs() 6 10 11 0, ALLE3.nxs() 6 10 15 0
);

named!(PLBI_X PlbiXOp:
    VMALLE1OS 0 10 1 0, PERME1OS 0 10 1 1, ASIDE1OS 0 10 1 2, PERMAE1OS 0 10 1 3, VMALLE1IS 0 10 3 0,
    PERME1IS 0 10 3 1, ASIDE1IS 0 10 3 2, PERMAE1IS 0 10 3 3, PERME1 0 10 7 1, ASIDE1 0 10 7 2, PERMAE1 0 10 7 3,
    ALLE2OS 4 10 1 0, PERME2OS 4 10 1 1, ALLE1OS 4 10 1 4, ALLE2IS 4 10 3 0, PERME2IS 4 10 3 1, ALLE1IS 4 10 3 4,
    PERME2 4 10 7 1, PERME3OS 6 10 1 1, PERME3IS 6 10 3 1, PERME3 6 10 7 1, VMALLE1OS.nxs() 0 10 9 0,
    PERME1OS.nxs() 0 10 9 1, ASIDE1OS.nxs() 0 10 9 2, PERMAE1OS.nxs() 0 10 9 3, VMALLE1IS.nxs() 0 10 11 0,
    PERME1IS.nxs() 0 10 11 1, ASIDE1IS.nxs() 0 10 11 2, PERMAE1IS.nxs() 0 10 11 3, PERME1.nxs() 0 10 15 1,
    ASIDE1.nxs() 0 10 15 2, PERMAE1.nxs() 0 10 15 3, ALLE2OS.nxs() 4 10 9 0, PERME2OS.nxs() 4 10 9 1,
    ALLE1OS.nxs() 4 10 9 4, ALLE2IS.nxs() 4 10 11 0, PERME2IS.nxs() 4 10 11 1, ALLE1IS.nxs() 4 10 11 4,
    PERME2.nxs() 4 10 15 1, PERME3OS.nxs() 6 10 9 1, PERME3IS.nxs() 6 10 11 1, PERME3.nxs() 6 10 15 1
);

// Op1 and op2; CRm is the immediate.
named!(PSTATE PState:
    SPSEL 0 4 0 5, DAIFSET 3 4 0 6, DAIFCLR 3 4 0 7, UAO 0 4 0 3, PAN 0 4 0 4, DIT 3 4 0 2, SSBS 3 4 0 1, TCO 3 4 0 4
);

// CRm<3:2>
named!(BARRIER_NXS BarrierNxs: OSHNXS 0 0 0 0, NSHNXS 0 0 1 0, ISHNXS 0 0 2 0, SYNXS 0 0 3 0);

// op2<2:1>
named!(BTI BtiTarget: NONE 0 0 0 0, C 0 0 0 1, J 0 0 0 2, JC 0 0 0 3);

// CRm<2:1>
named!(SME_MODE SmeMode: Sm 0 0 1 0, Za 0 0 2 0, SmZa 0 0 3 0);

/// All operands of a kind that is nothing but names.
pub fn of_kind(kind: &str) -> Option<&'static [Named]> {
    Some(match kind {
        "DcOp" => DC,
        "AtOp" => AT,
        "IcOp" => IC,
        "TlbiOp" => TLBI,
        "TlbiXOp" => TLBI_X,
        "TlbiPairOp" => TLBI_PAIR,
        "GicOp" => GIC,
        "PlbiOp" => PLBI,
        "PlbiXOp" => PLBI_X,
        "PState" => PSTATE,
        "BarrierNxs" => BARRIER_NXS,
        "BtiTarget" => BTI,
        "SmeMode" => SME_MODE,
        _ => return None,
    })
}
