//! Compiles the WebAssembly modules and makes them ready for browsers: cargo, then wasm-bindgen (as a library,
//! so its version is Cargo.lock's), then npm's wasm-opt. It must never strip a module before wasm-bindgen has seen
//! it, and must leave no trace of this machine's paths in it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use wasm_bindgen_cli_support::Bindgen;

use crate::error::{Error, Result};
use crate::inputs::fingerprint;
use crate::node;
use crate::run::{capture, run};
use crate::workspace::{self, Workspace};

const TARGET: &str = "wasm32-unknown-unknown";

/// What rustc 1.95 emits for this target by default, and all that wasm-opt may use. SIMD is for the engine's
/// scanner (a log of 270 MB in Chromium 156: 175 MB/s with it, 162 MB/s without); browsers have had it since
/// Chromium 91, Firefox 89 and Safari 16.4.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Twice over, with the control flow taken apart and put together again in between: the page is 2 kB smaller, gzipped, than
/// after one `-Oz`.
const SMALLEST: &[&str] = &["-Oz", "--converge", "--flatten", "--rereloop", "-Oz"];

/// A module of the site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Module {
    /// Name of the crate that it is made of.
    pub(crate) package: &'static str,
    profile: &'static str,
    /// Name of what comes out: `<name>.js`, `<name>_bg.wasm`.
    pub(crate) name: &'static str,
    /// What wasm-opt is told; nothing where it is not run.
    optimise: &'static [&'static str],
    simd: bool,
    /// Whether it is in the npm package, with its types.
    pub(crate) is_packed: bool,
}

/// A page: built for size.
const PAGE: Module =
    Module { package: "", profile: "wasm-ui", name: "", optimise: SMALLEST, simd: false, is_packed: false };
/// An engine: built for size but for what every byte goes through, and that for speed. wasm-opt is not run over it: it makes
/// the file smaller and what is sent of it larger (the engine for logs, gzipped: 840 kB as rustc gives it, 880 kB after `-Oz`).
const ENGINE: Module =
    Module { package: "", profile: "wasm-engine", name: "", optimise: &[], simd: true, is_packed: true };

/// All of them. The first two are loaded at once, the others when they are needed.
pub(crate) const MODULES: [Module; 5] = [
    Module { package: "oopscope-web", name: "ui", ..PAGE },
    Module { package: "oopscope-worker", name: "engine", profile: "wasm-logs", ..ENGINE },
    // What it does takes microseconds.
    Module { package: "oopscope-disasm-worker", name: "disasm", optimise: &["-Oz"], ..ENGINE },
    Module { package: "oopscope-vmcore-worker", name: "vmcore", ..ENGINE },
    Module { package: "oopscope-vmcore-web", name: "vmcore-ui", ..PAGE },
];

/// Gets wasm-opt where Node is present; says what follows where it is not. True when it is there.
pub(crate) fn prepare(workspace: &Workspace) -> Result<bool> {
    add_target()?;
    if !node::is_usable() {
        eprintln!("No Node.js {} or later: going on without wasm-opt; the site works, but is larger.", node::OLDEST);
        return Ok(false);
    }
    node::install(workspace, "xtask")?;
    Ok(true)
}

/// Builds a module and gives the directory with its files.
pub(crate) fn build(workspace: &Workspace, module: Module, build_id: &str, optimised: bool) -> Result<PathBuf> {
    let compiled = compile(workspace, module, build_id)?;
    let directory = workspace.target(&format!("site/{}", module.name));
    let wasm = directory.join(format!("{}_bg.wasm", module.name));
    let stamp = directory.join("stamp");
    let lock = workspace::read(&workspace.path("xtask/package-lock.json"))?;
    let rules = workspace::read(&workspace.path("xtask/src/wasm.rs"))?;
    let versions = workspace::read(&workspace.path("xtask/Cargo.toml"))?;
    let made_of = [&workspace::read(&compiled)?, &lock, &rules, &versions, &[u8::from(optimised)][..]];
    let fingerprint = fingerprint(&made_of);
    if wasm.exists() && fs::read_to_string(&stamp).is_ok_and(|known| known == fingerprint) {
        return Ok(directory);
    }
    if directory.exists() {
        fs::remove_dir_all(&directory).map_err(Error::io("empty", &directory))?;
    }
    bind(module, &compiled, &directory)?;
    if optimised && !module.optimise.is_empty() {
        optimise(workspace, module, &wasm)?;
    }
    workspace::write(&stamp, fingerprint.as_bytes())?;
    Ok(directory)
}

fn compile(workspace: &Workspace, module: Module, build_id: &str) -> Result<PathBuf> {
    let mut flags = remapped_paths(workspace);
    if module.simd {
        flags.push("-Ctarget-feature=+simd128".to_owned());
    }
    let arguments = ["build", "--lib", "--package", module.package, "--profile", module.profile, "--target", TARGET];
    run(workspace
        .cargo()
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .env("OOPSCOPE_BUILD_ID", build_id))?;
    let file = format!("{}.wasm", module.package.replace('-', "_"));
    Ok(workspace.target(&format!("{TARGET}/{}/{file}", module.profile)))
}

/// Panic messages hold paths of source files: the same on every machine, or the same sources would give other bytes.
fn remapped_paths(workspace: &Workspace) -> Vec<String> {
    let mut flags = vec![format!("--remap-path-prefix={}=/oopscope", workspace.root().display())];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let Some(sources) = home.map(|home| home.join("registry/src")) else { return flags };
    for registry in fs::read_dir(sources).into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=/crates", registry.path().display()));
    }
    flags.sort();
    flags
}

fn bind(module: Module, compiled: &Path, directory: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(module.name)
        .typescript(module.is_packed)
        // Workers start engines without naming the file: it lies beside its glue.
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(directory))
        .map_err(|error| Error::Bindgen { wasm: compiled.to_owned(), words: format!("{error:#}") })
}

fn optimise(workspace: &Workspace, module: Module, wasm: &Path) -> Result<()> {
    let smaller = wasm.with_extension("optimised");
    let program = workspace.path("xtask/node_modules/binaryen/bin/wasm-opt");
    run(workspace
        .command("node")
        .arg(program)
        .args(module.optimise)
        .arg("--strip-debug")
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&smaller))?;
    fs::rename(&smaller, wasm).map_err(Error::io("replace", wasm))
}

/// Adds rustc's WebAssembly target where it is missing.
fn add_target() -> Result<()> {
    let sysroot = capture(std::process::Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Ok(());
    }
    println!("rustup target add {TARGET}");
    run(std::process::Command::new("rustup").args(["target", "add", TARGET])).map_err(|_| Error::Missing {
        what: "rustc's target wasm32-unknown-unknown",
        advice: "Run `rustup target add wasm32-unknown-unknown`, or install your distribution's package of it.",
    })
}
