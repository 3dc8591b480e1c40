//! What is detected on this machine, against what the standard library and the operating system say.

/// The standard library's names of features, and ours.
macro_rules! pairs {
    ($macro:ident: $($name:tt $($feature:ident)*;)*) => {
        [$(($name, std::arch::$macro!($name), &[$(CpuFeature::$feature),*][..])),*]
    };
}

#[cfg(all(feature = "x64", target_arch = "x86_64"))]
mod x64 {
    use tailfirst::x64::{CpuFeature, CpuFeatures};

    /// All that both know.
    #[test]
    fn as_the_standard_library() {
        let found = CpuFeatures::detect();
        let pairs = pairs! { is_x86_feature_detected:
            "aes" AES; "pclmulqdq" PCLMULQDQ; "rdrand" RDRAND; "rdseed" RDSEED; "mmx" MMX; "sse" SSE; "sse2" SSE2; "sse3" SSE3; "ssse3" SSSE3; "sse4.1" SSE4_1;
            "sse4.2" SSE4_2; "sse4a" SSE4A; "sha" SHA; "avx" AVX; "avx2" AVX2; "avx512f" AVX512F; "avx512cd" AVX512CD; "avx512bw" AVX512BW; "avx512dq" AVX512DQ;
            "avx512vl" AVX512VL; "avx512ifma" AVX512_IFMA; "avx512vbmi" AVX512_VBMI; "avx512vpopcntdq" AVX512_VPOPCNTDQ; "avx512vbmi2" AVX512_VBMI2; "gfni" GFNI;
            "vaes" VAES; "vpclmulqdq" VPCLMULQDQ; "avx512vnni" AVX512_VNNI; "avx512bitalg" AVX512_BITALG; "avx512bf16" AVX512_BF16;
            "avx512vp2intersect" AVX512_VP2INTERSECT; "f16c" F16C; "fma" FMA; "bmi1" BMI1; "bmi2" BMI2; "lzcnt" LZCNT; "tbm" TBM; "popcnt" POPCNT; "fxsr" FXSR;
            "xsave" XSAVE; "xsaveopt" XSAVEOPT; "xsaves" XSAVES; "xsavec" XSAVEC; "cmpxchg16b" CMPXCHG16B; "adx" ADX; "rtm" RTM; "movbe" MOVBE;
        };
        let mut has = 0;
        for (name, std, ours) in pairs {
            assert_eq!(ours.iter().all(|feature| found.contains(*feature)), std, "{name}");
            has += usize::from(std);
        }
        println!("{} names compared, of which this machine has {has}; all that was found: {found:?}", pairs.len());
        // What a 64-bit machine has without fail.
        assert!(has >= 4 && found.contains_all(CpuFeatures::X86_64));
    }

    /// The kernel's flags, where they have another name than ours in small letters.
    const FLAGS: [(&str, CpuFeature); 48] = {
        use CpuFeature::*;
        [
            ("clflush", CLFSH),
            ("pni", SSE3),
            ("cx16", CMPXCHG16B),
            ("lahf_lm", LAHF_SAHF),
            ("abm", LZCNT),
            ("3dnowprefetch", PREFETCHW),
            ("sha_ni", SHA),
            ("avx512ifma", AVX512_IFMA),
            ("avx512vbmi", AVX512_VBMI),
            ("clflushopt", CLFLUSHOPT),
            ("cmov", CMOV),
            ("fpu", FPU),
            ("tsc", TSC),
            ("msr", MSR),
            ("cx8", CX8),
            ("sep", SEP),
            ("mmx", MMX),
            ("fxsr", FXSR),
            ("syscall", SYSCALL),
            ("rdtscp", RDTSCP),
            ("fma4", FMA4),
            ("xop", XOP),
            ("lwp", LWP),
            ("svm", SVM),
            ("vmx", VMX),
            ("smx", SMX),
            ("monitor", MONITOR),
            ("smap", SMAP),
            ("invpcid", INVPCID),
            ("fsgsbase", FSGSBASE),
            ("rdpid", RDPID),
            ("clwb", CLWB),
            ("clzero", CLZERO),
            ("rdpru", RDPRU),
            ("wbnoinvd", WBNOINVD),
            ("waitpkg", WAITPKG),
            ("movdiri", MOVDIRI),
            ("movdir64b", MOVDIR64B),
            ("enqcmd", ENQCMD),
            ("serialize", SERIALIZE),
            ("tsxldtrk", TSXLDTRK),
            ("ospke", PKU),
            ("cldemote", CLDEMOTE),
            ("amx_tile", AMX_TILE),
            ("amx_int8", AMX_INT8),
            ("amx_bf16", AMX_BF16),
            ("avx_vnni", AVX_VNNI),
            ("avx512_fp16", AVX512_FP16),
        ]
    };

    /// The kernel leaves out what it does not use itself or does not allow, and a hypervisor may have told it more than
    /// us; so each flag that it has is one of ours, and most of ours are flags.
    #[cfg(target_os = "linux")]
    #[test]
    fn as_the_kernel() {
        let info = std::fs::read_to_string("/proc/cpuinfo").expect("this is Linux");
        let flags = info.lines().find_map(|line| line.strip_prefix("flags")).expect("there are flags");
        let flags: Vec<&str> = flags.trim_start_matches([' ', '\t', ':']).split(' ').collect();
        let found = CpuFeatures::detect();
        let mut compared = 0;
        for &feature in CpuFeature::ALL {
            let named = FLAGS.iter().find(|(_, other)| *other == feature).map(|(flag, _)| flag.to_string());
            let flag = named.unwrap_or_else(|| feature.name().to_lowercase());
            if flags.contains(&flag.as_str()) {
                assert!(found.contains(feature), "{flag} is a flag, {feature} is not detected");
                compared += 1;
            }
        }
        println!("{compared} flags compared");
        assert!(compared >= 10, "{compared}");
    }
}

#[cfg(all(feature = "aarch64", target_arch = "aarch64"))]
mod aarch64 {
    use tailfirst::aarch64::{CpuFeature, CpuFeatures};

    /// All that both know.
    #[test]
    fn as_the_standard_library() {
        let found = CpuFeatures::detect();
        let pairs = pairs! { is_aarch64_feature_detected:
            "neon" FEAT_AdvSIMD; "fp" FEAT_FP; "aes" FEAT_AES; "pmull" FEAT_PMULL; "sha2" FEAT_SHA1 FEAT_SHA256; "crc" FEAT_CRC32; "lse" FEAT_LSE; "fp16" FEAT_FP16;
            "rdm" FEAT_RDM; "jsconv" FEAT_JSCVT; "fcma" FEAT_FCMA; "rcpc" FEAT_LRCPC; "rcpc2" FEAT_LRCPC2; "sha3" FEAT_SHA3 FEAT_SHA512; "sm4" FEAT_SM3 FEAT_SM4;
            "dotprod" FEAT_DotProd; "sve" FEAT_SVE; "fhm" FEAT_FHM; "flagm" FEAT_FlagM; "sb" FEAT_SB; "sve2" FEAT_SVE2; "sve2-aes" FEAT_SVE_AES FEAT_SVE_PMULL128;
            "sve2-bitperm" FEAT_SVE_BitPerm; "sve2-sha3" FEAT_SVE_SHA3; "sve2-sm4" FEAT_SVE_SM4; "frintts" FEAT_FRINTTS; "f32mm" FEAT_F32MM; "f64mm" FEAT_F64MM; "i8mm" FEAT_I8MM;
            "bf16" FEAT_BF16; "bti" FEAT_BTI; "mte" FEAT_MTE FEAT_MTE2;
        };
        let mut has = 0;
        for (name, std, ours) in pairs {
            assert_eq!(ours.iter().all(|feature| found.contains(*feature)), std, "{name}");
            has += usize::from(std);
        }
        println!("{} names compared, of which this machine has {has}; all that was found: {found:?}", pairs.len());
        assert!(has >= 2 && found.contains_all(CpuFeatures::ARMV8_0));
    }

    /// Linux's names of features, where they have another one than ours in small letters.
    const FLAGS: [(&str, CpuFeature); 30] = {
        use CpuFeature::*;
        [
            ("asimd", FEAT_AdvSIMD),
            ("atomics", FEAT_LSE),
            ("fphp", FEAT_FP16),
            ("asimdrdm", FEAT_RDM),
            ("asimddp", FEAT_DotProd),
            ("asimdfhm", FEAT_FHM),
            ("ilrcpc", FEAT_LRCPC2),
            ("paca", FEAT_PAuth),
            ("sveaes", FEAT_SVE_AES),
            ("svepmull", FEAT_SVE_PMULL128),
            ("svebitperm", FEAT_SVE_BitPerm),
            ("svesha3", FEAT_SVE_SHA3),
            ("svesm4", FEAT_SVE_SM4),
            ("frint", FEAT_FRINTTS),
            ("svef32mm", FEAT_F32MM),
            ("svef64mm", FEAT_F64MM),
            ("mte", FEAT_MTE2),
            ("smei16i64", FEAT_SME_I16I64),
            ("smef64f64", FEAT_SME_F64F64),
            ("smefa64", FEAT_SME_FA64),
            ("smeb16b16", FEAT_SME_B16B16),
            ("smef16f16", FEAT_SME_F16F16),
            ("sveb16b16", FEAT_SVE_B16B16),
            ("f8cvt", FEAT_FP8),
            ("f8fma", FEAT_FP8FMA),
            ("f8dp4", FEAT_FP8DOT4),
            ("f8dp2", FEAT_FP8DOT2),
            ("smelutv2", FEAT_SME_LUTv2),
            ("smef8f16", FEAT_SME_F8F16),
            ("smef8f32", FEAT_SME_F8F32),
        ]
    };

    #[cfg(target_os = "linux")]
    #[test]
    fn as_the_kernel() {
        let info = std::fs::read_to_string("/proc/cpuinfo").expect("this is Linux");
        // Under emulation the file may be that of the machine below.
        let Some(flags) = info.lines().find_map(|line| line.strip_prefix("Features")) else {
            println!("/proc/cpuinfo names no features");
            return;
        };
        let flags: Vec<&str> = flags.trim_start_matches([' ', '\t', ':']).split(' ').collect();
        let found = CpuFeatures::detect();
        let mut compared = 0;
        for &feature in CpuFeature::ALL {
            let named = FLAGS.iter().find(|(_, other)| *other == feature).map(|(flag, _)| flag.to_string());
            let flag = named.unwrap_or_else(|| feature.name().trim_start_matches("FEAT_").to_lowercase());
            if flags.contains(&flag.as_str()) {
                assert!(found.contains(feature), "{flag} is named, {feature} is not detected");
                compared += 1;
            }
        }
        println!("{compared} names compared");
        assert!(compared >= 2, "{compared}");
    }
}
