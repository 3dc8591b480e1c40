//! A crate's own tables, as an extension of `tailfirst`.
//!
//! ```text
//!   its tables/*.ron ---+
//!                       +--> checked together --> its forms alone --> a trait, in OUT_DIR
//!   tailfirst's tables -+
//! ```
//!
//! Rows are checked together with those of `tailfirst`, so that no function has the name of another, and no row can
//! produce the same code as another without saying so (`alias`). Where those tables are, `tailfirst`'s build script
//! tells the build scripts of packages that depend on it directly (`links`, `DEP_TAILFIRST_*`).

use crate::{Reason, TableError, aarch64, table, write, x64};
use std::{env, path::Path, process::exit};
use tailfirst_forms::{
    method::Home,
    row::{Line, TextRow},
};

/// The path of `tailfirst` in the code that is written.
const RUNTIME: &str = "::tailfirst";

/// Turns the tables of the package that is being built into an extension trait. To be called by its build script:
///
/// ```no_run
/// // In `main` of build.rs:
/// tailfirst_gen::extend("tables", "Simulator");
/// ```
///
/// `tables` is a folder of the package, with tables in `x64` and `aarch64` or one of them; its rows may say what those
/// of `tailfirst` say. The package depends on `tailfirst` itself and, in `[build-dependencies]`, on `tailfirst-gen` of
/// the same version. Its code includes what is written, an instruction set a module:
///
/// ```ignore
/// pub mod x64 {
///     include!(concat!(env!("OUT_DIR"), "/x64.rs"));
/// }
/// ```
///
/// There the trait `Simulator` has a function a form, for the encoders of both directions. With the feature `forms` of
/// `tailfirst` there is also `forms()`, as that of `tailfirst`. A table's `feature` is a Cargo feature of the package.
/// What its rows name in `cpu` are features that `tailfirst` knows, or others, which the forms as data keep as texts
/// (`Form::other_cpu`).
///
/// A mistake in a table fails the build with a message that names file, row and reason.
pub fn extend(tables: impl AsRef<Path>, name: &str) {
    let tables = tables.as_ref();
    println!("cargo::rerun-if-changed={}", tables.display());
    if let Err(error) = try_extend(tables, name) {
        println!("cargo::error={error}");
        exit(1);
    }
}

fn try_extend(tables: &Path, name: &str) -> Result<(), TableError> {
    let of_build = |variable: &str| env::var_os(variable);
    let of_runtime = |key: &str| {
        let missing = || TableError::of_table(&tables.display().to_string(), Reason::NoRuntime);
        of_build(&format!("DEP_TAILFIRST_{key}")).ok_or_else(missing)
    };
    let (runtime, generator) = (of_runtime("VERSION")?, env!("CARGO_PKG_VERSION"));
    if runtime != generator {
        let reason =
            Reason::OtherRuntime { runtime: runtime.to_string_lossy().into_owned(), generator: generator.into() };
        return Err(TableError::of_table(&tables.display().to_string(), reason));
    }
    let runtime_tables = of_runtime("TABLES")?;
    let extension = Extension {
        tables,
        name,
        runtime_tables: Path::new(&runtime_tables),
        has_forms: of_runtime("FORMS")? == "true",
        is_enabled: &|feature| {
            of_build(&format!("CARGO_FEATURE_{}", feature.to_uppercase().replace('-', "_"))).is_some()
        },
    };
    // Cargo sets it for every build script.
    extension.write(Path::new(&of_build("OUT_DIR").expect("OUT_DIR is set by cargo")))
}

/// What an extension is made of.
pub struct Extension<'a> {
    /// The folder with the tables.
    pub tables: &'a Path,
    /// The name of the trait.
    pub name: &'a str,
    /// The folder with the tables of `tailfirst`.
    pub runtime_tables: &'a Path,
    /// Whether `tailfirst` has its feature `forms`.
    pub has_forms: bool,
    /// Whether a Cargo feature, which a table names, is on.
    pub is_enabled: &'a dyn Fn(&str) -> bool,
}

impl Extension<'_> {
    /// The x86-64 forms; `None` if there is no folder with such tables.
    pub fn x64_forms(&self) -> Result<Option<Vec<x64::Form>>, TableError> {
        let Some(lines) = self.lines("x64")? else { return Ok(None) };
        Ok(Some(self.own(x64::forms(&lines)?, |form| (&form.table, form.feature.as_deref()))))
    }

    /// The AArch64 forms; `None` if there is no folder with such tables.
    pub fn aarch64_forms(&self) -> Result<Option<Vec<aarch64::Form>>, TableError> {
        let Some(lines) = self.lines("aarch64")? else { return Ok(None) };
        Ok(Some(self.own(aarch64::forms(&lines)?, |form| (&form.table, form.feature.as_deref()))))
    }

    /// Writes `x64.rs` and `aarch64.rs` to `out`, those of them for which there are tables.
    pub fn write(&self, out: &Path) -> Result<(), TableError> {
        let home = Home::Extension { runtime: RUNTIME, name: self.name };
        if let Some(forms) = self.x64_forms()? {
            let cpu = crate::x64_cpu(self.runtime_tables)?;
            let data = self.data("x64", "Call, Emit, parameter", || x64::forms_data(&forms, &cpu));
            write(out, "x64.rs", &(x64::encoders(&forms, home) + "\n" + &x64::choices(&forms) + &data))?;
        }
        if let Some(forms) = self.aarch64_forms()? {
            let cpu = crate::aarch64_cpu(self.runtime_tables)?;
            let data = self.data("aarch64", "Call, Emit, Value, parameter", || aarch64::forms_data(&forms, &cpu));
            write(out, "aarch64.rs", &(aarch64::encoders(&forms, home) + "\n" + &aarch64::choices(&forms) + &data))?;
        }
        Ok(())
    }

    /// The rows of an instruction set, behind those of the runtime; `None` if there is no folder with its tables.
    fn lines<Row: TextRow>(&self, isa: &str) -> Result<Option<Vec<Line<Row>>>, TableError> {
        let dir = self.tables.join(isa);
        if !dir.is_dir() {
            return Ok(None);
        }
        let mut lines = table::read_dir(&self.runtime_tables.join(isa))?;
        let own = table::read_dir(&dir).map_err(|error| TableError { table: self.own_table(&error.table), ..error })?;
        lines.extend(own.into_iter().map(|line: Line<Row>| Line { table: self.own_table(&line.table), ..line }));
        Ok(Some(lines))
    }

    /// What a table of this crate is called, so that it is not taken for one of the runtime's.
    fn own_table(&self, table: &str) -> String {
        self.tables.join(table).display().to_string()
    }

    /// The forms of this crate's tables that are wanted; `what` gives a form's table and Cargo feature.
    fn own<F>(&self, forms: Vec<F>, what: impl Fn(&F) -> (&String, Option<&str>)) -> Vec<F> {
        let root = self.own_table("");
        let is_own = |form: &F| {
            let (table, feature) = what(form);
            table.starts_with(&root) && feature.is_none_or(self.is_enabled)
        };
        forms.into_iter().filter(is_own).collect()
    }

    /// The forms as data, in a module of their own, if they are wanted; `names` are those of the runtime's primitives
    /// that they need.
    fn data(&self, isa: &str, names: &str, forms: impl FnOnce() -> String) -> String {
        if !self.has_forms {
            return String::new();
        }
        format!(
            "\n/// The forms of this crate's tables, table by table.\n\
             pub fn forms() -> &'static [{RUNTIME}::{isa}::Form] {{\n    data::FORMS\n}}\n\n\
             mod data {{\n    \
             use super::*;\n    \
             #[allow(unused_imports)]\n    \
             use {RUNTIME}::{{Access, Direction, Down, OperandError, OperandInfo, Up, {isa}::{{CpuFeature, Emitter, Form, Operand, encode::{{{names}}}}}}};\n\n\
             {}}}\n",
            forms()
        )
    }
}
