//! Paths of source files as people want to read them: from the source tree's own top on. Must never make of a path one that
//! names another file: what is not known for sure to be the tree's place stays.

/// Directories at the top of a kernel's source tree in which code is compiled.
const TOP: [&str; 24] = [
    "arch", "block", "certs", "crypto", "drivers", "fs", "include", "init", "io_uring", "ipc", "kernel", "lib", "mm",
    "net", "rust", "samples", "scripts", "security", "sound", "tools", "usr", "virt", "ubuntu", "vdso",
];

/// The path from the top of the source tree on: `/build/linux-6.1/mm/../mm/./slub.c` is `mm/slub.c`. Of a module that was
/// built outside of the tree it stays as it is, but for `./` and `x/../`.
///
/// The tree's top is behind a part of the path that is named as a kernel's tree is (`linux`, `linux-6.1.90`,
/// `kernel-6.12`), with a directory behind it that a kernel's tree has at its top. Debian compiles in `debian/build/NAME`
/// and maps the tree's own place to nothing (`-ffile-prefix-map`), so that paths begin with that.
pub fn short_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let absolute = path.starts_with('/');
    let from = if absolute { top(&parts) } else { behind_build(&parts, 0) };
    match from {
        Some(from) => parts[from..].join("/"),
        None if absolute => format!("/{}", parts.join("/")),
        None => parts.join("/"),
    }
}

/// Where the tree's own parts begin, of an absolute path.
fn top(parts: &[&str]) -> Option<usize> {
    let is_tree = |part: &str| {
        let rest = part.strip_prefix("linux").or_else(|| part.strip_prefix("kernel"));
        rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_ascii_alphabetic()))
    };
    // Behind `include` there is `linux` again.
    let end = parts.iter().position(|part| *part == "include").unwrap_or(parts.len());
    (0..end).rev().filter(|&at| is_tree(parts[at])).find_map(|at| behind_build(parts, at + 1))
}

/// The same place, or that behind `debian/build/NAME`, if a directory of the tree's top is there with something in it.
fn behind_build(parts: &[&str], at: usize) -> Option<usize> {
    let known = |at: usize| parts.get(at).is_some_and(|part| TOP.contains(part)) && at + 1 < parts.len();
    let built = parts.get(at) == Some(&"debian") && parts.get(at + 1) == Some(&"build");
    let at = if built { at + 3 } else { at };
    known(at).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::short_path;

    #[test]
    fn the_trees_own_place_is_left_out() {
        for (path, short) in [
            ("/build/reproducible-path/linux-6.12.57/mm/slub.c", "mm/slub.c"),
            (
                "/build/reproducible-path/linux-6.1.176/debian/build/build_amd64_none_amd64/arch/x86/kernel/head64.c",
                "arch/x86/kernel/head64.c",
            ),
            ("debian/build/build_amd64_none_amd64/./arch/x86/include/asm/bug.h", "arch/x86/include/asm/bug.h"),
            ("/usr/src/linux/kernel/../kernel/sched/core.c", "kernel/sched/core.c"),
            ("/home/linux/kernel/linux-6.1/include/linux/io_uring/net.h", "include/linux/io_uring/net.h"),
            ("/home/me/linux-next/drivers/net/tun.c", "drivers/net/tun.c"),
            ("./arch/x86/include/asm/bug.h", "arch/x86/include/asm/bug.h"),
            ("kernel/fork.c", "kernel/fork.c"),
            ("/home/me/driver/mine.c", "/home/me/driver/mine.c"),
            ("/home/me/kernelstuff/mm/mine.c", "/home/me/kernelstuff/mm/mine.c"),
            ("/home/me/linux/mine.c", "/home/me/linux/mine.c"),
            ("../../drivers/x.c", "../../drivers/x.c"),
            ("", ""),
        ] {
            assert_eq!(short_path(path), short, "{path}");
        }
    }
}
