//! The kernel's own symbols: kallsyms, as it lies in the memory of every kernel that was built with `CONFIG_KALLSYMS`.
//!
//! Must never decide by a version: how lengths and addresses are encoded is found by trying each way and comparing with
//! addresses that are known from elsewhere (VMCOREINFO). The tables are made by scripts/kallsyms.c and read by
//! kernel/kallsyms.c of the kernel's sources; since 6.0 VMCOREINFO says where they lie (kernel/vmcore_info.c; "vmcoreinfo:
//! add kallsyms_num_syms symbol" and its neighbours).

mod addresses;
mod find;
mod names;

use std::ops::Deref;

pub use addresses::Encoding;
pub use find::find;
pub use names::Lengths;

use crate::{Layout, Memory, SymbolTable, Unreadable};

/// The most symbols that are believed. Kernels have 100,000 to 300,000.
pub(crate) const MOST: u32 = 1 << 22;

/// Where the tables lie, as addresses of the running kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `kallsyms_names`: the compressed names.
    pub names: u64,
    /// `kallsyms_num_syms`: a number of 32 bits; before 4.20 a `long`, of which the first 32 bits count where the least
    /// significant comes first.
    pub num_syms: u64,
    /// `kallsyms_token_table`: 256 strings.
    pub token_table: u64,
    /// `kallsyms_token_index`: where each of them begins.
    pub token_index: u64,
    /// `kallsyms_offsets`, where addresses are kept in 32 bits.
    pub offsets: Option<u64>,
    /// `kallsyms_addresses`, where they are kept whole.
    pub addresses: Option<u64>,
    /// `kallsyms_relative_base`: what offsets are counted from. Since 7.0 they are counted from their own place.
    pub relative_base: Option<u64>,
}

/// One of the tables, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `kallsyms_num_syms`
    Count,
    /// `kallsyms_token_index` or `kallsyms_token_table`
    Tokens,
    /// `kallsyms_names`
    Names,
    /// `kallsyms_offsets`, `kallsyms_addresses` or `kallsyms_relative_base`
    Addresses,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Count => "the number of symbols",
            Self::Tokens => "the token table",
            Self::Names => "the table of names",
            Self::Addresses => "the table of addresses",
        })
    }
}

/// Why there are no symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KallsymsError {
    /// A table does not lie in the dump.
    #[error("{part} of kallsyms: {error}")]
    Memory {
        /// Which table.
        part: Part,
        /// What could not be read.
        error: Unreadable,
    },
    /// It says that there are no symbols, or more than any kernel has.
    #[error("kallsyms says that it has {count} symbols")]
    Count {
        /// What it says.
        count: u32,
    },
    /// A token has no end.
    #[error("the token table of kallsyms is damaged: token {token} has no end")]
    Token {
        /// Which of the 256.
        token: u8,
    },
    /// A name is empty or longer than names can be.
    #[error("the names of kallsyms are damaged at symbol {symbol}")]
    Name {
        /// The number of the symbol.
        symbol: u32,
    },
    /// Nothing says where the addresses lie.
    #[error("kallsyms has no table of addresses")]
    NoAddresses,
    /// However the addresses are read, no symbol lies where it is known to lie.
    #[error("no way to read the addresses of kallsyms puts {known} known symbols where they are")]
    Encoding {
        /// How many symbols have a known address.
        known: u32,
    },
    /// It was searched for and not found.
    #[error("kallsyms was not found in the kernel's memory from {from:#x} to {to:#x}")]
    NotFound {
        /// Where the search began.
        from: u64,
        /// Where it ended.
        to: u64,
    },
}

/// Symbols that are missing because a part of a table could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub symbols: u32,
    /// Which table could not be read.
    pub part: Part,
    /// Where.
    pub error: Unreadable,
}

/// The kernel's own symbols.
#[derive(Clone, Debug)]
pub struct Kallsyms {
    /// The symbols.
    pub table: SymbolTable,
    /// How the lengths of names are kept.
    pub lengths: Lengths,
    /// How addresses are kept.
    pub encoding: Encoding,
    /// How many symbols have an address that is known from elsewhere and is the same here: the proof.
    pub proven: u32,
    /// What is missing: everything from some symbol on.
    pub lost: Option<Lost>,
}

impl Deref for Kallsyms {
    type Target = SymbolTable;

    fn deref(&self) -> &SymbolTable {
        &self.table
    }
}

/// Loads all symbols. `known` are symbols with the addresses that they have (KASLR applied), from VMCOREINFO: they decide
/// how the tables are to be read. Without any of them, an encoding is taken in which the addresses ascend, as they must.
pub fn load(
    memory: &dyn Memory,
    layout: Layout,
    places: &Places,
    known: &[(&str, u64)],
) -> Result<Kallsyms, KallsymsError> {
    let mut raw = [0; 4];
    memory.read(places.num_syms, &mut raw).map_err(|error| KallsymsError::Memory { part: Part::Count, error })?;
    let count = layout.u32(&raw);
    if count == 0 || count > MOST {
        return Err(KallsymsError::Count { count });
    }
    let tokens = names::Tokens::read(memory, layout, places)?;
    // Lengths of two bytes came with 6.1 ("kallsyms: support "big" kernel symbols"). Before it a length from 128 on was one
    // byte, and hardly ever there: the newer form is tried first, and the older one only where it makes a difference.
    let first = with_lengths(memory, layout, places, known, count, &tokens, Lengths::OneOrTwoBytes);
    match first {
        Ok((kallsyms, big)) if !big || kallsyms.proven > 0 => Ok(kallsyms),
        Ok((kallsyms, _)) => {
            let other = with_lengths(memory, layout, places, known, count, &tokens, Lengths::OneByte);
            Ok(other.ok().map(|(other, _)| other).filter(|other| other.proven > 0).unwrap_or(kallsyms))
        }
        Err(error @ (KallsymsError::Name { .. } | KallsymsError::Encoding { .. } | KallsymsError::Memory { .. })) => {
            let other = with_lengths(memory, layout, places, known, count, &tokens, Lengths::OneByte);
            other.map(|(kallsyms, _)| kallsyms).map_err(|_| error)
        }
        Err(error) => Err(error),
    }
}

/// Loads all symbols with lengths of one form; also says whether any length was one that the forms read differently.
fn with_lengths(
    memory: &dyn Memory,
    layout: Layout,
    places: &Places,
    known: &[(&str, u64)],
    count: u32,
    tokens: &names::Tokens,
    lengths: Lengths,
) -> Result<(Kallsyms, bool), KallsymsError> {
    let mut read = names::read(memory, places.names, count, tokens, lengths, known)?;
    let found = addresses::read(memory, layout, places, read.builder.len(), &read.seen)?;
    let lost = found.error.map(|error| (error, Part::Addresses)).or(read.error.map(|error| (error, Part::Names)));
    let have = u32::try_from(found.all.len()).unwrap_or(count);
    read.builder.place(found.all);
    let kallsyms = Kallsyms {
        table: read.builder.finish(),
        lengths,
        encoding: found.encoding,
        proven: found.proven,
        lost: lost.map(|(error, part)| Lost { symbols: count.saturating_sub(have), part, error }),
    };
    Ok((kallsyms, read.big))
}
