//! `union`: as `struct`, for unions. Must never differ from it otherwise.

use super::structure;
use crate::args::Line;
use crate::{Command, Context, Output, Refusal};
use oopscope_kernel::Kernel;
use oopscope_symbols::types::Kind;

pub(crate) const COMMAND: Command = Command {
    name: "union",
    about: "a union: its definition, or its contents at an address",
    help: "\
Usage: union NAME[.MEMBER] [-o] [-x] [-d] [-l NAME.MEMBER] [-m MODULE] [ADDRESS|SYMBOL [COUNT]]

As struct, for unions: help struct.
",
    run,
};

fn run(kernel: &Kernel, _: &Context<'_>, line: &Line) -> Result<Output, Refusal> {
    structure::show(kernel, line, &[Kind::Union, Kind::Typedef])
}
