//! Parts become one code.
//!
//! Where a part is depends on how long those behind it are. So all are finished first, and then linked for where they
//! will be in a region that is as long as all of them. They are copied into it side by side, the first functions at the
//! lowest addresses and the stubs of each type at the end.

use tailfirst::exec::{Arena, ExecCode, ExecError};
use tailfirst::{Code, Symbol};

use super::parts::Part;
use super::{Bounds, CompileError, Host, HostEncoder, Site, StubLabels, Stubs, emit_stubs};
use crate::abi::TrapSite;
use crate::ir::module::ModuleInfo;

/// A module's code, and where everything is in it.
pub struct Linked {
    pub code: ExecCode,
    pub functions: Vec<usize>,
    pub stubs: Vec<Stubs>,
    pub exit: usize,
    pub sites: Vec<TrapSite>,
}

/// Emits the stubs, and brings all code to where it runs.
pub fn link(info: &ModuleInfo, bounds: Bounds, parts: &mut [Part], arena: &Arena) -> Result<Linked, CompileError> {
    let mut stubs_enc = HostEncoder::new();
    let (exit, stubs) = emit_stubs(info, &mut Host::new(&mut stubs_enc, bounds));

    // How far from the end each code begins.
    let mut bytes = 0_usize;
    let mut place = |code: &Code<'_, _>| {
        bytes = bytes.next_multiple_of(code.end_alignment() as usize) + code.bytes().len();
        bytes
    };
    let mut codes = vec![];
    let code = stubs_enc.finish()?;
    codes.push((place(&code), code));
    let mut labels = vec![];
    for Part { enc, functions, sites, .. } in parts.iter_mut().rev() {
        let code = enc.finish()?;
        codes.push((place(&code), code));
        labels.push((&functions.labels, &*sites));
    }

    let offset = |(from_end, code): &(usize, Code<'_, _>), label| {
        bytes - from_end + code.offset_of(label).expect("every label was bound")
    };
    let (mut functions, mut sites) = (vec![], vec![]);
    for (code, (labels, traps)) in codes[1..].iter().zip(labels).rev() {
        functions.extend(labels.iter().map(|&label| offset(code, label)));
        sites.extend(traps.iter().map(|&Site { label, kind, offset: wasm_offset }| TrapSite {
            code_offset: offset(code, label) as u32,
            kind,
            wasm_offset,
        }));
    }
    sites.sort_by_key(|site| site.code_offset);
    let stub = |&StubLabels { entry, host }| Stubs { entry: offset(&codes[0], entry), host: offset(&codes[0], host) };
    let stubs = stubs.iter().map(stub).collect();
    let exit = offset(&codes[0], exit);

    let mut region = arena.region(bytes)?;
    let place = region.place();
    let start = place.run_end() - bytes as u64;
    let whole = &mut region.bytes_mut()[place.len() - bytes..];
    // What lies between codes is the same whatever was there.
    whole.fill(0);
    for (from_end, code) in &mut codes {
        let at = bytes - *from_end;
        let address = |Symbol(function)| Some(start + *functions.get(function as usize)? as u64);
        code.link(start + at as u64, address).map_err(ExecError::from)?;
        whole[at..][..code.bytes().len()].copy_from_slice(code.bytes());
    }
    let code = region.publish(place.code(bytes)?)?;
    Ok(Linked { code, functions, stubs, exit, sites })
}
