//! The document `oopscope-vmcore/1`. Must never read anything anew: it is what the opening has found.

use crate::Found;
use oopscope_report::vmcore::{Document, SCHEMA};

impl Found {
    /// The document of all that was found.
    pub fn document(&self) -> Document {
        Document {
            schema: SCHEMA.to_owned(),
            dump: self.facts().clone(),
            system: self.system().clone(),
            panic: self.panic().cloned(),
            cpus: self.cpus().to_vec(),
            tasks: self.tasks().to_vec(),
            modules: self.modules().to_vec(),
            memory: self.memory().cloned(),
            log: self.records().to_vec(),
            unread: self.unread().to_vec(),
        }
    }
}
