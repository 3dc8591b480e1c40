//! Parts become one code.
//!
//! Each part has been emitted where it will run. So where its functions are is known as soon as all are finished, and
//! nothing is left but to write into the calls from part to part how far they go.

use tailfirst::exec::{Arena, ExecError, RegionEncoder};
use tailfirst::{FinishError, Symbol};

use super::code::ModuleCode;
use super::parts::Part;
use super::target::CodeLabel;
use super::{Bounds, CompileError, Host, HostIsa, Site, StubLabels, Stubs, emit_stubs};
use crate::abi::TrapSite;
use crate::ir::module::ModuleInfo;

/// A module's code, and where everything is in it.
pub struct Linked {
    pub code: ModuleCode,
    pub functions: Vec<usize>,
    pub stubs: Vec<Stubs>,
    pub exit: usize,
    pub sites: Vec<TrapSite>,
}

/// Emits the stubs, and links all code.
pub fn link(info: &ModuleInfo, bounds: Bounds, mut parts: Vec<Part>, arena: &Arena) -> Result<Linked, CompileError> {
    let EmittedStubs { enc: mut stubs_enc, exit, labels: stubs } = stubs(info, bounds, arena)?;
    let mut codes = vec![];
    let mut labels = vec![];
    for Part { enc, functions, sites, .. } in &mut parts {
        codes.push(enc.finish()?);
        labels.push((&functions.labels, &*sites));
    }
    let stubs_code = stubs_enc.finish()?;

    let start = |code: &RegionCode<'_>| code.place().run_end() - code.bytes().len() as u64;
    let base = codes.iter().chain([&stubs_code]).map(start).min().expect("the stubs' at least");
    let offset = |code: &RegionCode<'_>, label| {
        (start(code) - base) as usize + code.offset_of(label).expect("every label was bound")
    };
    let (mut functions, mut sites) = (vec![], vec![]);
    for (code, (labels, traps)) in codes.iter().zip(labels) {
        functions.extend(labels.iter().map(|&label| offset(code, label)));
        sites.extend(traps.iter().map(|&Site { label, kind, offset: wasm_offset }| TrapSite {
            code_offset: offset(code, label) as u32,
            kind,
            wasm_offset,
        }));
    }
    sites.sort_by_key(|site| site.code_offset);
    let stub =
        |&StubLabels { entry, host }| Stubs { entry: offset(&stubs_code, entry), host: offset(&stubs_code, host) };
    let stubs = stubs.iter().map(stub).collect();
    let exit = offset(&stubs_code, exit);

    let address = |Symbol(function)| Some(base + *functions.get(function as usize)? as u64);
    let link = |code: RegionCode<'_>| code.link(address);
    let placed = codes.into_iter().chain([stubs_code]).map(link).collect::<Result<Vec<_>, ExecError>>()?;
    let encoders = parts.into_iter().map(|part| part.enc).chain([stubs_enc]);
    let published = encoders.zip(placed).map(|(enc, placed)| enc.into_region().publish(placed));
    let code = ModuleCode::new(published.collect::<Result<_, _>>()?);
    Ok(Linked { code, functions, stubs, exit, sites })
}

/// Stubs in a region of their own.
struct EmittedStubs {
    enc: RegionEncoder<HostIsa>,
    exit: CodeLabel,
    labels: Vec<StubLabels>,
}

/// Emits the stubs, once more if the region was too short.
fn stubs(info: &ModuleInfo, bounds: Bounds, arena: &Arena) -> Result<EmittedStubs, CompileError> {
    /// Hardly a type needs so many bytes.
    const STUBS: usize = 512;
    let mut room = (1 + info.types.len()) * STUBS;
    loop {
        let mut enc = arena.region(room)?.into_encoder();
        let (exit, labels) = enc.write(|enc| emit_stubs(info, &mut Host::new(enc, bounds)));
        match enc.finish() {
            Ok(_) => {}
            Err(FinishError::OutOfSpace { needed }) => {
                room = needed;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        return Ok(EmittedStubs { enc, exit, labels });
    }
}

type RegionCode<'enc> = tailfirst::exec::RegionCode<'enc, HostIsa>;
