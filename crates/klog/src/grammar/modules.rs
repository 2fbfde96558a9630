//! `Modules linked in: a(OE) b(+) c [last unloaded: d]`.

/// One module and the letters after it.
pub(crate) type Module<'a> = (&'a str, &'a str);

/// More modules than this are no list of modules.
const MOST: usize = 4096;

pub(crate) fn parse(text: &str) -> Option<Vec<Module<'_>>> {
    let (_, list) = text.split_once("Modules linked in:")?;
    let list = list.split(" [last unloaded:").next().unwrap_or(list);
    Some(
        list.split_ascii_whitespace()
            .map(|word| match word.split_once('(') {
                Some((name, flags)) => (name, flags.trim_end_matches(')')),
                None => (word, ""),
            })
            .filter(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
            })
            .take(MOST)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_the_last_unloaded() {
        let text = "Modules linked in: oops_guest(OE+) virtio_pci ext4 [last unloaded: crc16(E)]";
        assert_eq!(parse(text).unwrap(), [("oops_guest", "OE+"), ("virtio_pci", ""), ("ext4", "")]);
        assert_eq!(parse("Modules linked in:").unwrap(), []);
        assert_eq!(parse("Modules"), None);
    }
}
