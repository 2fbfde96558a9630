//! What the session keeps between two visits, in the browser's private files. Must never hold logic.

use oopscope_dwarf::Store;
use oopscope_protocol::Kept;
use oopscope_session::Keep;
use oopscope_shell::Private;

/// Indexes of files of symbols. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Indexes(Private);

impl Indexes {
    pub(crate) fn private(&self) -> &Private {
        &self.0
    }
}

impl Store for Indexes {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.0.get(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.0.put(name, bytes);
    }
}

impl Keep for Indexes {
    fn is_ready(&self, build_ids: &[String]) -> bool {
        self.0.is_ready(build_ids)
    }

    fn release(&self) {
        self.0.release();
    }

    fn forget(&self) {
        self.0.forget();
    }

    fn kept(&self) -> Kept {
        let (bytes, problem) = self.0.kept();
        Kept { bytes, problem }
    }
}
