//! The stages of `cargo xtask test`, by name and in their order. It must hold no work, only what there is.

use std::str::FromStr;

use crate::error::Error;

/// One group of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Format,
    Clippy,
    ClippyWasm,
    Native,
    Site,
    Command,
    Engine,
    Budget,
    Browser,
}

impl Stage {
    pub(crate) const ALL: [Self; 9] = [
        Self::Format,
        Self::Clippy,
        Self::ClippyWasm,
        Self::Native,
        Self::Site,
        Self::Command,
        Self::Engine,
        Self::Budget,
        Self::Browser,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Clippy => "clippy",
            Self::ClippyWasm => "clippy-wasm",
            Self::Native => "native",
            Self::Site => "site",
            Self::Command => "command",
            Self::Engine => "engine",
            Self::Budget => "budget",
            Self::Browser => "browser",
        }
    }

    /// What it checks, for the heading.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Format => "rustfmt has nothing to change",
            Self::Clippy => "clippy finds nothing, natively",
            Self::ClippyWasm => "clippy finds nothing in pages and engines, for WebAssembly",
            Self::Native => "native tests",
            Self::Site => "the site can be built",
            Self::Command => "the command with the page inside serves that page",
            Self::Engine => "the built WebAssembly engines read every fixture as the command does",
            Self::Budget => "pages and engines are within their size budgets",
            Self::Browser => "the page in real browsers",
        }
    }
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|stage| stage.name()).collect();
            Error::Usage(format!("there is no stage {name:?}; there are {}", names.join(", ")))
        })
    }
}
