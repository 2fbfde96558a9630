//! scratch
use crate::instruction::Decoder;
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).unwrap()).collect()
}
#[test]
fn agreement() {
    for (arch, dec) in [
        ("x86-64", Box::new(crate::x86::X86 { bits: 64 }) as Box<dyn Decoder>),
        ("i386", Box::new(crate::x86::X86 { bits: 32 })),
        ("arm64", Box::new(crate::arm64::Arm64)),
        ("arm", Box::new(crate::arm::Arm { thumb: false })),
        ("thumb", Box::new(crate::arm::Arm { thumb: true })),
        ("riscv", Box::new(crate::riscv::Riscv { wide: true })),
        ("ppc", Box::new(crate::ppc::Ppc { wide: true })),
    ] {
        let dir = std::env::var("ORACLE").unwrap_or("../../tests/fixtures/disasm".into());
        let Ok(text) = std::fs::read_to_string(format!("{dir}/{arch}.txt")) else { continue };
        let (mut n, mut ok, mut unk, mut iok) = (0, 0, 0, 0);
        let mut out = String::new();
        for line in text.lines().skip(1) {
            let f: Vec<_> = line.split('\t').collect();
            let (at, b) = (u64::from_str_radix(f[0], 16).unwrap(), bytes(f[1]));
            n += 1;
            match dec.decode(&b, at) {
                None => {
                    unk += 1;
                    out += &format!("NONE {line}\n");
                }
                Some(d) => {
                    if d.text == f[2] && d.length == b.len() {
                        ok += 1
                    } else {
                        out += &format!("DIFF {line} | {} | {}\n", d.text, d.length)
                    }
                    if let Some(i) = &d.intel {
                        if i == f[3] { iok += 1 } else { out += &format!("INTL {line} | {i}\n") }
                    }
                }
            }
        }
        std::fs::write(format!("/tmp/dis/{arch}.diff"), out).unwrap();
        println!("{arch}: {ok}/{n} equal, {unk} unknown, {iok} intel");
    }
}
