//! The JSON document: `docs/json-schema.md` describes it.
//!
//! This module must never change what a field means: it picks the reports and writes them out.

use crate::log::Log;
use crate::problem;
use oopscope_protocol::Problem;
use oopscope_report::{Document, SCHEMA};

/// The document of all reports, or of one alone.
pub(super) fn render(log: &Log, index: Option<u32>) -> Result<String, Problem> {
    let mut reports: Vec<_> = super::chosen(log, index).map(|(_, report)| report.clone()).collect();
    if index.is_some() {
        // An index into the list of all reports means nothing in a list of one.
        for report in &mut reports {
            report.may_follow_from = None;
        }
    }
    let document = Document { schema: SCHEMA.into(), reports, log: log.facts.clone() };
    let mut text = serde_json::to_string_pretty(&document).map_err(|error| problem::render(&error.to_string()))?;
    text.push('\n');
    Ok(text)
}
