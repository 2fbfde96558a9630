//! A kernel image's facts, with the time that they take: `cargo run --profile fast -p oopscope-symbols --example kernel_image --
//! vmlinuz [NM]`. Every text symbol of `nm -n` output of the same kernel must be there, and no other. Must never be part of
//! the product.
#![allow(clippy::disallowed_methods, reason = "an example reads files and measures")]

use oopscope_symbols::image;
use std::collections::BTreeSet;
use std::error::Error;
use std::rc::Rc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bytes = std::fs::read(arguments.next().ok_or("a file is missing")?)?;
    let start = Instant::now();
    let kernel = image::open(Rc::new(bytes), &mut |_, _| true)?;
    println!(
        "{kernel:x?}\n{:?} {:?}, machine {}, unpacked {} bytes, in {:?}",
        kernel.release(),
        kernel.codec,
        kernel.machine,
        kernel.bytes.len(),
        start.elapsed()
    );
    let Some(list) = arguments.next() else {
        for name in ["_text", "_stext", "linux_banner", "do_one_initcall", "panic"] {
            println!("{:x?}", kernel.symbols.by_name(name).next());
        }
        return Ok(());
    };
    let list = std::fs::read_to_string(list)?;
    let text = |kind: u8| matches!(kind, b't' | b'T' | b'w' | b'W');
    let mut theirs: BTreeSet<(u64, &str)> = BTreeSet::new();
    for line in list.lines() {
        if let [address, kind, name] = *line.split_ascii_whitespace().collect::<Vec<_>>()
            && kind.len() == 1
            && text(kind.as_bytes()[0])
        {
            theirs.insert((u64::from_str_radix(address, 16)?, name));
        }
    }
    let ours: BTreeSet<(u64, &str)> =
        kernel.symbols.iter().filter(|symbol| text(symbol.kind)).map(|symbol| (symbol.address, symbol.name)).collect();
    let missing: Vec<_> = theirs.difference(&ours).collect();
    let more: Vec<_> = ours.difference(&theirs).collect();
    println!(
        "{} of nm, {} here, {} the same; missing {}, more {}",
        theirs.len(),
        ours.len(),
        theirs.intersection(&ours).count(),
        missing.len(),
        more.len()
    );
    println!("missing {:x?}\nmore {:x?}", &missing[..missing.len().min(12)], &more[..more.len().min(12)]);
    Ok(())
}
