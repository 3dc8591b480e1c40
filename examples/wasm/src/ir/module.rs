//! What a module says of itself, apart from its functions' bodies: owned, so that it outlives the module's bytes.

use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FuncType, GlobalType, MemoryType, Operator, Payload,
    RefType, TableType, TypeRef,
};

use crate::compile::CompileError;

/// A module's sections.
#[derive(Clone, Debug, Default)]
pub struct ModuleInfo {
    pub types: Vec<FuncType>,
    pub imports: Vec<Import>,
    /// The type, by index, of each function, imported ones first.
    pub functions: Vec<u32>,
    pub imported_functions: usize,
    /// Where the bodies of those begin that are not imported, as offsets in the module.
    pub bodies: Vec<u32>,
    /// All tables, imported ones first; and so for memories and globals.
    pub tables: Vec<TableType>,
    pub imported_tables: usize,
    pub memories: Vec<MemoryType>,
    pub imported_memories: usize,
    pub globals: Vec<GlobalType>,
    pub imported_globals: usize,
    /// The values with which the globals begin that are not imported.
    pub initial: Vec<Constant>,
    pub exports: Vec<Export>,
    pub start: Option<u32>,
    pub elements: Vec<ElementSegment>,
    pub data: Vec<DataSegment>,
    /// The functions' names by index, as the section `name` has them.
    pub names: Vec<(u32, String)>,
}

/// What a module wants of others.
#[derive(Clone, Debug)]
pub struct Import {
    pub module: String,
    pub name: String,
    pub kind: ImportKind,
}

/// Of which type that is.
#[derive(Clone, Debug)]
pub enum ImportKind {
    /// A type's index.
    Function(u32),
    Table(TableType),
    Memory(MemoryType),
    Global(GlobalType),
}

/// What a module offers to others.
#[derive(Clone, Debug)]
pub struct Export {
    pub name: String,
    pub kind: ExportKind,
    pub index: u32,
}

/// What the index of an export counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportKind {
    Function,
    Table,
    Memory,
    Global,
}

/// A constant expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constant {
    /// A number's bits, the lower ones if it has fewer.
    Bits(u128),
    Null,
    Function(u32),
    Global(u32),
}

/// Where a segment goes when the module is instantiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    Passive,
    /// Into the table or memory of that index.
    Active {
        index: u32,
        offset: Constant,
    },
    /// Nowhere: it declares functions that are referred to.
    Declared,
}

/// References for a table.
#[derive(Clone, Debug)]
pub struct ElementSegment {
    pub placement: Placement,
    pub of: RefType,
    pub items: Vec<Constant>,
}

/// Bytes for a memory.
#[derive(Clone, Debug)]
pub struct DataSegment {
    pub placement: Placement,
    pub bytes: Vec<u8>,
}

impl ModuleInfo {
    /// The type of a function.
    pub fn function_type(&self, function: u32) -> &FuncType {
        &self.types[self.functions[function as usize] as usize]
    }

    /// A function's name, if the module tells one.
    pub fn name(&self, function: u32) -> Option<&str> {
        self.names.iter().find(|(index, _)| *index == function).map(|(_, name)| name.as_str())
    }

    /// The function that is exported by a name, or else the one that the module calls so.
    pub fn function_named(&self, name: &str) -> Option<u32> {
        let is_it = |export: &&Export| export.kind == ExportKind::Function && export.name == name;
        let exported = self.exports.iter().find(is_it).map(|export| export.index);
        exported.or_else(|| self.names.iter().find(|(_, known)| known == name).map(|&(index, _)| index))
    }

    /// Takes in a section, which has been validated.
    pub(crate) fn add(&mut self, payload: &Payload<'_>) -> Result<(), CompileError> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.clone().into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    self.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section.clone() {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.clone() {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.clone() {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section.clone() {
                    let global = global?;
                    self.globals.push(global.ty);
                    self.initial.push(constant(&global.init_expr)?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    let kind = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Function,
                        ExternalKind::Table => ExportKind::Table,
                        ExternalKind::Memory => ExportKind::Memory,
                        ExternalKind::Global => ExportKind::Global,
                        ExternalKind::Tag => {
                            return Err(CompileError::Unsupported { offset: 0, what: "exported tags" });
                        }
                    };
                    self.exports.push(Export { name: export.name.into(), kind, index: export.index });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(*func),
            Payload::ElementSection(section) => {
                for element in section.clone() {
                    let element = element?;
                    let placement = match &element.kind {
                        ElementKind::Passive => Placement::Passive,
                        ElementKind::Declared => Placement::Declared,
                        ElementKind::Active { table_index, offset_expr } => {
                            Placement::Active { index: table_index.unwrap_or(0), offset: constant(offset_expr)? }
                        }
                    };
                    let (of, items) = match element.items {
                        ElementItems::Functions(items) => {
                            let items = items.into_iter().map(|item| Ok(Constant::Function(item?)));
                            (RefType::FUNCREF, items.collect::<Result<_, CompileError>>()?)
                        }
                        ElementItems::Expressions(of, items) => {
                            (of, items.into_iter().map(|item| constant(&item?)).collect::<Result<_, _>>()?)
                        }
                    };
                    self.elements.push(ElementSegment { placement, of, items });
                }
            }
            Payload::DataSection(section) => {
                for data in section.clone() {
                    let data = data?;
                    let placement = match &data.kind {
                        DataKind::Passive => Placement::Passive,
                        DataKind::Active { memory_index, offset_expr } => {
                            Placement::Active { index: *memory_index, offset: constant(offset_expr)? }
                        }
                    };
                    self.data.push(DataSegment { placement, bytes: data.data.to_vec() });
                }
            }
            Payload::CustomSection(section) => {
                if let wasmparser::KnownCustom::Name(names) = section.as_known() {
                    self.take_names(names);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<(), CompileError> {
        let kind = match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                self.imported_functions += 1;
                ImportKind::Function(ty)
            }
            TypeRef::Table(ty) => {
                self.tables.push(ty);
                self.imported_tables += 1;
                ImportKind::Table(ty)
            }
            TypeRef::Memory(ty) => {
                self.memories.push(ty);
                self.imported_memories += 1;
                ImportKind::Memory(ty)
            }
            TypeRef::Global(ty) => {
                self.globals.push(ty);
                self.imported_globals += 1;
                ImportKind::Global(ty)
            }
            TypeRef::Tag(_) => return Err(CompileError::Unsupported { offset: 0, what: "imported tags" }),
        };
        self.imports.push(Import { module: module.into(), name: name.into(), kind });
        Ok(())
    }

    /// What is wrong with names concerns nobody else.
    fn take_names(&mut self, names: wasmparser::NameSectionReader<'_>) {
        for name in names.into_iter().flatten() {
            if let wasmparser::Name::Function(map) = name {
                self.names.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name.to_string())));
            }
        }
    }
}

/// Of a constant expression that has been validated for WebAssembly 2.0: one instruction.
fn constant(expression: &ConstExpr<'_>) -> Result<Constant, CompileError> {
    let mut reader = expression.get_operators_reader();
    let offset = reader.original_position();
    Ok(match reader.read()? {
        Operator::I32Const { value } => Constant::Bits(u128::from(value as u32)),
        Operator::I64Const { value } => Constant::Bits(u128::from(value as u64)),
        Operator::F32Const { value } => Constant::Bits(value.bits().into()),
        Operator::F64Const { value } => Constant::Bits(value.bits().into()),
        Operator::V128Const { value } => Constant::Bits(value.into()),
        Operator::RefNull { .. } => Constant::Null,
        Operator::RefFunc { function_index } => Constant::Function(function_index),
        Operator::GlobalGet { global_index } => Constant::Global(global_index),
        _ => return Err(CompileError::Unsupported { offset, what: "such a constant expression" }),
    })
}
