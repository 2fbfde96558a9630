//! `sym`: from names to addresses and back. Must never give one of several symbols of a name for the only one.

use crate::args::Line;
use crate::{Command, Context, Output, Refusal, number, text};
use oopscope_kernel::{Kernel, Named};
use oopscope_report::vmcore::{Address, Answer, SymbolRow};

pub(crate) const COMMAND: Command = Command {
    name: "sym",
    about: "symbols and addresses, both ways",
    help: "\
Usage: sym [-q STRING | -l] [SYMBOL | ADDRESS]...

An address (hexadecimal) gives the symbol that covers it, a name all symbols
that are called so, of the kernel and of its modules.

  -q STRING   symbols whose names contain the string, at most 1000
  -l          all symbols of the kernel
",
    run,
};

/// The most symbols that a search gives.
const MOST: usize = 1000;

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("l", "q")?;
    let mut symbols = Vec::new();
    if options.has('l') {
        symbols.extend(kernel.all_symbols().map(row));
    }
    if let Some(part) = options.value('q') {
        symbols.extend(kernel.all_symbols().filter(|(_, named)| named.name.contains(part)).take(MOST).map(row));
    }
    for word in &options.rest {
        let before = symbols.len();
        symbols.extend(kernel.symbols_named(word).into_iter().map(row));
        if symbols.len() == before {
            let address = number::address(word)
                .ok_or_else(|| Refusal(format!("no symbol is called {word}, and it is no address")))?;
            let named = kernel.name_of(address).ok_or_else(|| Refusal(format!("no symbol covers {address:#x}")))?;
            symbols.push(row((address, named)));
        }
    }
    if symbols.is_empty() {
        return Err(Refusal("no symbol was found".to_owned()));
    }
    Ok(Output::rows(text::symbols(&symbols), Answer::Symbols { symbols }))
}

fn row((address, named): (u64, Named)) -> SymbolRow {
    SymbolRow {
        address: Address(address),
        kind: char::from(named.kind).to_string(),
        name: named.name,
        offset: named.offset,
        size: named.size,
        module: named.module,
        from: named.from.to_owned(),
    }
}
