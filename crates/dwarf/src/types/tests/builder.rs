//! Writes `.debug_info`, `.debug_abbrev` and `.debug_str` entry by entry.

use super::super::sections::Sections;
use crate::Name;
use crate::section::Section;
use gimli::constants as dw;
use oopscope_source::ReadAt;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A value of an attribute, in a form.
#[derive(Clone, Copy, Debug)]
pub(super) enum V {
    /// `DW_FORM_string`.
    Here(&'static str),
    /// `DW_FORM_strp`.
    Str(&'static str),
    /// `DW_FORM_udata`.
    Udata(u64),
    /// `DW_FORM_sdata`, of one byte.
    Sdata(i8),
    /// `DW_FORM_data8`.
    Data8(u64),
    /// `DW_FORM_flag_present`.
    Flag,
    /// `DW_FORM_ref4` to a label of this unit.
    Ref(&'static str),
    /// `DW_FORM_ref_addr`.
    RefAddr(u32),
    /// `DW_FORM_block1`.
    Block(&'static [u8]),
    /// A location: `DW_OP_addr`.
    Address(u64),
}

/// The sections while they are written.
#[derive(Clone, Default)]
pub(super) struct Builder {
    little_endian: bool,
    address: u8,
    version: u16,
    pub(super) info: Vec<u8>,
    pub(super) abbrev: Vec<u8>,
    str: Vec<u8>,
    codes: u8,
    unit: Option<usize>,
    labels: BTreeMap<&'static str, usize>,
    references: Vec<(usize, &'static str)>,
}

impl Builder {
    pub(super) fn new(little_endian: bool, address: u8, version: u16) -> Self {
        // The first byte of `.debug_str` is the empty name.
        Self { little_endian, address, version, str: vec![0], ..Self::default() }
    }

    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        if self.little_endian { value.to_le_bytes()[..size].to_vec() } else { value.to_be_bytes()[8 - size..].to_vec() }
    }

    /// Ends a unit and begins the next one.
    pub(super) fn unit(&mut self) {
        self.finish();
        let start = self.info.len();
        let version = self.number(self.version.into(), 2);
        let abbrev = self.number(0, 4);
        self.info.extend([0; 4]);
        self.info.extend(version);
        if self.version >= 5 {
            self.info.extend([dw::DW_UT_compile.0, self.address]);
            self.info.extend(abbrev);
        } else {
            self.info.extend(abbrev);
            self.info.push(self.address);
        }
        self.unit = Some(start);
        self.open("", dw::DW_TAG_compile_unit, &[]);
    }

    /// Ends the unit: its references and its length are written.
    pub(super) fn finish(&mut self) {
        let Some(start) = self.unit.take() else { return };
        self.info.push(0);
        for (at, label) in std::mem::take(&mut self.references) {
            let to = self.labels.get(label).unwrap_or_else(|| panic!("no {label}")) - start;
            let to = self.number(to as u64, 4);
            self.info[at..at + 4].copy_from_slice(&to);
        }
        self.labels.clear();
        let length = self.number((self.info.len() - start - 4) as u64, 4);
        self.info[start..start + 4].copy_from_slice(&length);
    }

    /// An entry without children.
    pub(super) fn leaf(&mut self, label: &'static str, tag: dw::DwTag, attributes: &[(dw::DwAt, V)]) {
        self.entry(label, tag, attributes, false);
    }

    /// An entry whose children follow.
    pub(super) fn open(&mut self, label: &'static str, tag: dw::DwTag, attributes: &[(dw::DwAt, V)]) {
        self.entry(label, tag, attributes, true);
    }

    /// Ends a list of children.
    pub(super) fn close(&mut self) {
        self.info.push(0);
    }

    /// Every entry has an abbreviation of its own.
    fn entry(&mut self, label: &'static str, tag: dw::DwTag, attributes: &[(dw::DwAt, V)], children: bool) {
        self.codes += 1;
        assert!(self.codes < 0x80, "codes have one byte here");
        let [tag, above] = tag.0.to_le_bytes();
        assert_eq!(above, 0);
        self.abbrev.extend([self.codes, tag, children.into()]);
        if !label.is_empty() {
            self.labels.insert(label, self.info.len());
        }
        self.info.push(self.codes);
        for &(name, value) in attributes {
            let form = self.value(value);
            for mut number in [u64::from(name.0), u64::from(form.0)] {
                while number >= 0x80 {
                    self.abbrev.push(number.to_le_bytes()[0] | 0x80);
                    number >>= 7;
                }
                self.abbrev.push(number.to_le_bytes()[0]);
            }
        }
        self.abbrev.extend([0, 0]);
    }

    fn value(&mut self, value: V) -> dw::DwForm {
        match value {
            V::Here(text) => {
                self.info.extend(text.bytes().chain([0]));
                dw::DW_FORM_string
            }
            V::Str(text) => {
                let found = self.str.windows(text.len() + 2).position(|at| {
                    at.first() == Some(&0) && &at[1..=text.len()] == text.as_bytes() && at.last() == Some(&0)
                });
                let at = found.map_or(self.str.len(), |at| at + 1);
                if found.is_none() {
                    self.str.extend(text.bytes().chain([0]));
                }
                let at = self.number(at as u64, 4);
                self.info.extend(at);
                dw::DW_FORM_strp
            }
            V::Udata(mut number) => {
                while number >= 0x80 {
                    self.info.push(number.to_le_bytes()[0] | 0x80);
                    number >>= 7;
                }
                self.info.push(number.to_le_bytes()[0]);
                dw::DW_FORM_udata
            }
            V::Sdata(number) => {
                assert!((-64..64).contains(&number));
                self.info.push(number.to_le_bytes()[0] & 0x7f);
                dw::DW_FORM_sdata
            }
            V::Data8(number) => {
                let number = self.number(number, 8);
                self.info.extend(number);
                dw::DW_FORM_data8
            }
            V::Flag => dw::DW_FORM_flag_present,
            V::Ref(label) => {
                self.references.push((self.info.len(), label));
                self.info.extend([0; 4]);
                dw::DW_FORM_ref4
            }
            V::RefAddr(at) => {
                let at = self.number(at.into(), 4);
                self.info.extend(at);
                dw::DW_FORM_ref_addr
            }
            V::Block(bytes) => {
                self.info.push(u8::try_from(bytes.len()).unwrap());
                self.info.extend(bytes);
                dw::DW_FORM_block1
            }
            V::Address(address) => {
                let address = self.number(address, self.address.into());
                self.info.push(self.address + 1);
                self.info.push(dw::DW_OP_addr.0);
                self.info.extend(address);
                dw::DW_FORM_block1
            }
        }
    }

    /// What was written; the last unit is ended in a copy.
    pub(super) fn sections(&self) -> Sections {
        let mut all = self.clone();
        all.finish();
        all.abbrev.push(0);
        let section = |name, bytes: Vec<u8>| {
            let size = bytes.len() as u64;
            let bytes: Rc<dyn ReadAt> = Rc::new(bytes);
            Rc::new(Section::new(name, bytes, 0, size, 64 << 10, None))
        };
        Sections {
            info: section(Name::Info, all.info),
            abbrev: section(Name::Abbrev, all.abbrev),
            str: Some(section(Name::Str, all.str)),
            line_str: None,
            str_offsets: None,
            addr: None,
            little_endian: all.little_endian,
        }
    }
}
