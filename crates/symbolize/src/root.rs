//! Paths as people write them: `fs/ext4/inode.c`, not where some builder had it.
//!
//! Must never shorten a path of which it is not known where the kernel's own tree begins.

use oopscope_dwarf::short_path;

/// A path without the folder in which the kernel was built. `root` is that folder, asked for only where the path itself
/// does not tell.
pub(crate) fn shorten(path: &str, root: &dyn Fn() -> Option<String>) -> String {
    let short = short_path(path);
    if !short.starts_with('/') {
        return short;
    }
    let Some(root) = root() else { return short };
    let root = short_path(&root);
    let rest = short.strip_prefix(root.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    match rest {
        Some(rest) if !rest.is_empty() && root.len() > 1 => rest.to_owned(),
        _ => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_tree_lose_where_it_lay() {
        let check = |path: &str, root: Option<&str>| shorten(path, &|| root.map(str::to_owned));
        assert_eq!(check("/home/me/src/stable/fs/ext4/inode.c", Some("/home/me/src/stable/")), "fs/ext4/inode.c");
        assert_eq!(check("/home/me/src/stable-2/fs/a.c", Some("/home/me/src/stable/")), "/home/me/src/stable-2/fs/a.c");
        assert_eq!(check("/home/me/mod.c", None), "/home/me/mod.c");
        assert_eq!(check("/build/linux-6.1/fs/a.c", None), "fs/a.c");
    }
}
