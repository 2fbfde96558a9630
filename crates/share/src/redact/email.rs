use std::ops::Range;
pub(super) fn find(_: &str) -> Vec<Range<usize>> {
    Vec::new()
}
