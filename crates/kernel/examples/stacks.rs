//! Prints every stack of a dump, for those who work on unwinding, in lines that a script can read:
//!
//! ```text
//! cargo run --release -p oopscope-kernel --example stacks -- DUMP[,DUMP]... [all|cpus|panic|PID [VMLINUX]]
//! ```
//!
//! A stack begins with a line `T task pid comm cpu`, has a line `F address function+offset module trust stack` a frame
//! (`X` for the registers that were saved there) and ends with `E complete why`. How long it took goes to stderr.
#![allow(clippy::disallowed_methods, reason = "a program for developers: it reads files and measures time")]

mod on_disk;

use on_disk::OnDisk;
use oopscope_dump::Dump;
use oopscope_dwarf::DebugFile;
use oopscope_kernel::{Kernel, stack, tasks};
use oopscope_report::vmcore::Backtrace;
use oopscope_source::ReadAt;
use oopscope_symbols::elf::{ElfFile, Outline};
use std::rc::Rc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let names = words.next().ok_or("stacks DUMP[,DUMP]... [cpus|panic|PID]")?;
    let parts = on_disk::parts(&names)?;
    let start = Instant::now();
    let mut kernel = Kernel::open(Dump::open(parts, &mut |_| true)?, &mut |_| true)?;
    let (wanted, vmlinux) = (words.next(), words.next());
    if let Some(name) = vmlinux {
        let file: Rc<dyn ReadAt> = Rc::new(OnDisk::open(&name)?);
        kernel.use_vmlinux(ElfFile::open(&*file)?)?;
        kernel.use_debug(Rc::new(DebugFile::open(Rc::clone(&file), Rc::new(Outline::read(&*file)?))?));
    }
    kernel.load_symbols(&mut |_| true)?;
    eprintln!("opened: {:?}", start.elapsed());
    let lap = Instant::now();
    match wanted.as_deref() {
        Some("cpus") => stack::cpus(&kernel).iter().for_each(|cpu| print(&cpu.backtrace)),
        Some("panic") => println!("{:?}", stack::panic_cpu(&kernel)),
        wanted => {
            let (all, unread) = tasks::tasks(&kernel);
            eprintln!("{} tasks: {:?} {unread:?}", all.len(), lap.elapsed());
            let pid: Option<i32> = wanted.filter(|&wanted| wanted != "all").map(str::parse).transpose()?;
            let lap = Instant::now();
            let stacks: Vec<_> = all
                .iter()
                .filter(|task| pid.is_none_or(|pid| task.pid == pid))
                .map(|task| stack::task_backtrace(&kernel, task.address.0))
                .collect();
            eprintln!("{} stacks: {:?}", stacks.len(), lap.elapsed());
            stacks.iter().for_each(print);
        }
    }
    eprintln!("all: {:?}, {:?}", start.elapsed(), kernel.dump().cost());
    for unread in kernel.unread() {
        eprintln!("unread: {}: {}", unread.what, unread.why);
    }
    Ok(())
}

fn print(stack: &Backtrace) {
    let task = stack.task.clone().unwrap_or_default();
    println!("T {} {} {} {:?} begins {}", task.address, task.pid, task.comm, task.cpu, stack.begins);
    for frame in &stack.frames {
        let name = frame.function.as_deref().unwrap_or("?");
        let (sp, trust, kind) = (frame.sp.unwrap_or_default(), frame.trust, &frame.stack);
        let module = frame.module.as_deref().unwrap_or("-");
        println!("F {} {name}+{:#x} {module} {trust:?} {kind:?} sp {sp}", frame.address, frame.offset);
        if let Some(saved) = &frame.exception {
            print!("X {} {:?} user {}", saved.at, saved.what, saved.user);
            saved.registers.iter().take(6).for_each(|register| print!(" {} {}", register.name, register.value));
            println!();
        }
    }
    println!("E {} {}", stack.complete, stack.ends);
}
