//! Modules. Must never hold their symbols: those are asked for one by one.

use super::Address;
use serde::{Deserialize, Serialize};

/// A module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its `struct module`.
    pub address: Address,
    /// Where its code begins.
    pub base: Address,
    /// Size of all its memory, in bytes.
    pub size: u64,
    /// Size of its code, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_size: Option<u64>,
    /// `live`, `coming`, `going`, `unformed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Letters of its taint: `O`, `E`, `P`, …; empty for none.
    pub taint: String,
    /// How often it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<i64>,
    /// Modules that use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// Its version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its build-id in hex, where the kernel keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// What of it could not be read, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}
