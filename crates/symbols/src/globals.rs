//! Which C type a global variable has: BTF tells it of per-CPU variables only.
//!
//! Must never say a type that some kernel gives another one without saying so here.
/// The C type of a global variable, as it is declared; `None` where it isn't known.
pub fn type_of(symbol: &str) -> Option<&'static str> {
    GLOBALS.binary_search_by(|(name, _)| name.cmp(&symbol)).ok().map(|at| GLOBALS[at].1)
}
const GLOBALS: &[(&str, &str)] = &[];
