//! Pages that cache block devices themselves (`nr_blockdev_pages`). Must never follow the list of their inodes without an
//! end.

use crate::fields::{Field, number};
use crate::{Kernel, ObjectError};

/// The sum of the page caches of all block devices: of the inodes of `blockdev_superblock`, or before 5.9 (1008fe6dc36d "block:
/// remove the all_bdevs list") of the devices on that list.
pub(super) fn pages(kernel: &Kernel) -> Result<u64, ObjectError> {
    match kernel.symbol("blockdev_superblock") {
        Some(superblock) if kernel.symbol("all_bdevs").is_none() => of_inodes(kernel, superblock),
        _ => of_devices(kernel),
    }
}

fn of_inodes(kernel: &Kernel, superblock: u64) -> Result<u64, ObjectError> {
    let memory = |error| ObjectError::Memory { what: "blockdev_superblock".to_owned(), error };
    let inodes = Field::need(kernel, "struct super_block", &["s_inodes"])?;
    let superblock = kernel.pointer(superblock).map_err(memory)?;
    sum(kernel, superblock.wrapping_add(inodes.offset), "struct inode", "i_sb_list", Ok)
}

fn of_devices(kernel: &Kernel) -> Result<u64, ObjectError> {
    let name = "all_bdevs";
    let head = kernel.symbol(name).ok_or_else(|| ObjectError::NoSymbol { name: name.to_owned() })?;
    let inode = Field::need(kernel, "struct block_device", &["bd_inode"])?;
    sum(kernel, head, "struct block_device", "bd_list", |device| {
        kernel
            .pointer(device.wrapping_add(inode.offset))
            .map_err(|error| ObjectError::Memory { what: name.to_owned(), error })
    })
}

fn sum(
    kernel: &Kernel,
    head: u64,
    type_name: &str,
    member: &str,
    inode_of: impl Fn(u64) -> Result<u64, ObjectError>,
) -> Result<u64, ObjectError> {
    let mapping = Field::need(kernel, "struct inode", &["i_mapping"])?;
    let pages = Field::need(kernel, "struct address_space", &["nrpages"])?;
    let what = "pages of block devices";
    let memory = |error| ObjectError::Memory { what: what.to_owned(), error };
    let mut sum = 0_u64;
    for object in kernel.list(head, type_name, member) {
        let object = object.map_err(|error| ObjectError::Types { name: what.to_owned(), why: error.to_string() })?;
        let mapping = kernel.pointer(inode_of(object.address())?.wrapping_add(mapping.offset)).map_err(memory)?;
        if mapping != 0 {
            sum = sum.saturating_add(number(kernel, mapping.wrapping_add(pages.offset), pages.size).map_err(memory)?);
        }
    }
    Ok(sum)
}
