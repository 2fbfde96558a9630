//! `rd`: memory. Must never show a byte that was not read; what can't be read costs its own line.

use crate::args::{Line, Options};
use crate::{Command, Context, Output, Refusal, number, pick, text};
use oopscope_kernel::Kernel;
use oopscope_report::vmcore::{Address, Answer, WordRow};

pub(crate) const COMMAND: Command = Command {
    name: "rd",
    about: "memory, by virtual or physical address",
    help: "\
Usage: rd [-p] [-8|-16|-32|-64] [-s] [-a] [-N] ADDRESS|SYMBOL[+OFFSET] [COUNT]

COUNT values (one, without it), sixteen bytes a line, with their characters.

  -p              the address is physical
  -8 -16 -32 -64  size of a value in bits; without it the machine's word
  -s              values that point to a symbol as its name
  -a              characters alone
  -N              values in network byte order

At most 65536 values.
",
    run,
};

/// The most values of one command.
const MOST: u64 = 65_536;
/// Bytes of a line.
const LINE: u64 = 16;

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    let options = line.options("psaN", "")?;
    let mut rest: Vec<&str> = Vec::new();
    let mut size = kernel.layout().pointer.into();
    for word in &options.rest {
        match word.as_str() {
            "-8" => size = 1,
            "-16" => size = 2,
            "-32" => size = 4,
            "-64" => size = 8,
            word if word.starts_with('-') => {
                return Err(Refusal(format!("rd has no option {word}: help rd")));
            }
            word => rest.push(word),
        }
    }
    let (word, count) = match rest.as_slice() {
        [word] => (*word, 1),
        [word, count] => (*word, number::number(count)?),
        _ => return Err(Refusal("rd needs an address and perhaps a count: help rd".to_owned())),
    };
    if count > MOST {
        return Err(Refusal(format!("rd gives at most {MOST} values at a time")));
    }
    let physical = options.has('p');
    let address = match number::address(word) {
        Some(address) if physical => address,
        _ => pick::address(kernel, word)?,
    };
    if options.has('a') {
        size = 1;
    }
    let words = rows(kernel, address, size * count, size, physical, &options);
    let text = if options.has('a') { words.iter().map(characters).collect() } else { text::words(&words) };
    Ok(Output::rows(text, Answer::Words { words }))
}

fn characters(row: &WordRow) -> String {
    let what = row.why.as_ref().map(|why| format!("(not read: {why})")).or_else(|| row.text.clone());
    format!("{}:  {}\n", text::bare(row.address.0), what.unwrap_or_default())
}

fn rows(kernel: &Kernel, address: u64, length: u64, size: u64, physical: bool, options: &Options) -> Vec<WordRow> {
    let mut rows = Vec::new();
    let mut done = 0;
    while done < length {
        let at = address.wrapping_add(done);
        let step = LINE.min(length - done);
        rows.push(row(kernel, at, step, size, physical, options));
        done += step;
    }
    rows
}

fn row(kernel: &Kernel, at: u64, length: u64, size: u64, physical: bool, options: &Options) -> WordRow {
    let mut bytes = [0; 16];
    let bytes = &mut bytes[..usize::try_from(length).unwrap_or(0)];
    let read = if physical {
        kernel.dump().read(at, bytes).map_err(|error| error.to_string())
    } else {
        kernel.read(at, bytes).map_err(|error| error.to_string())
    };
    let mut row = WordRow { address: Address(at), size: u8::try_from(size).unwrap_or(8), ..WordRow::default() };
    if let Err(why) = read {
        row.why = Some(why);
        return row;
    }
    let little = kernel.layout().little_endian != options.has('N');
    for chunk in bytes.chunks(usize::try_from(size).unwrap_or(8)) {
        row.words.push(Address(word(chunk, little)));
    }
    if options.has('s') {
        row.symbols = row.words.iter().map(|word| symbol(kernel, word.0)).collect();
    } else {
        row.text = Some(
            bytes
                .iter()
                .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' })
                .collect(),
        );
    }
    row
}

/// A value out of its bytes.
fn word(bytes: &[u8], little: bool) -> u64 {
    let add = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
    if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
}

/// The symbol that a value points to, where it is an address of the kernel's image or of a module.
fn symbol(kernel: &Kernel, value: u64) -> Option<String> {
    let named = kernel.name_of(value)?;
    Some(if named.offset == 0 { named.name } else { format!("{}+{:#x}", named.name, named.offset) })
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_are_read_in_the_machines_order() {
        assert_eq!(word(&[1, 2], true), 0x0201);
        assert_eq!(word(&[1, 2], false), 0x0102);
    }
}
