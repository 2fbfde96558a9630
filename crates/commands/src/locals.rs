//! A frame's parameters and variables as typed rows. Must never show a value that was not read, nor leave a variable out
//! for having none.

use crate::values;
use oopscope_kernel::Kernel;
use oopscope_kernel::stack;
use oopscope_kernel::stack::locals::{Found, Held, Locals as OfFrame};
use oopscope_report::vmcore::{Local, Locals, Value, ValueKind};
use oopscope_symbols::Types;

/// Parameters and variables of a frame of a task's stack; none where the stack has no frame of this number.
pub fn locals(kernel: &Kernel, task: u64, number: u32) -> Option<Locals> {
    let found = stack::locals(kernel, task, usize::try_from(number).ok()?)?;
    let OfFrame { task, frame, registers, types, variables, note } = found;
    let types = types.as_ref().map(|types| types as &dyn Types);
    let variables = variables.into_iter().map(|found| local(kernel, types, found)).collect();
    Some(Locals { task, number, frame, variables, registers, note })
}

fn local(kernel: &Kernel, types: Option<&dyn Types>, found: Found) -> Local {
    let known = types.zip(found.type_id);
    let mut local = Local {
        name: found.name.to_string(),
        parameter: found.parameter,
        type_name: known.map_or_else(String::new, |(types, id)| types.name_of(id)),
        value: None,
        from: found.from,
        why: None,
        uninitialized: found.uninitialized,
        line: found.line,
    };
    let value = match (found.held, known) {
        (Err(why), _) => Err(why),
        (Ok(_), None) => Err("its type is not known".to_owned()),
        (Ok(Held::Memory(address)), Some((types, id))) => Ok(values::of(kernel, types, id, address)),
        (Ok(Held::Bytes(bytes)), Some((types, id))) => Ok(values::held(kernel, types, id, bytes)),
    };
    match value {
        Ok(Value { kind: ValueKind::Unread { why }, .. }) | Err(why) => local.why = Some(why),
        Ok(value) => local.value = Some(value),
    }
    local
}
