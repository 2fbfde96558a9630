//! The page's components, one a file. None holds what another needs: that is in [`crate::state`]; they get it as
//! properties and tell what the user did as a [`crate::update::Change`]. None may set markup: log text becomes text
//! nodes only.

pub(crate) mod access;
pub(crate) mod code;
pub(crate) mod details;
pub(crate) mod dialogs;
pub(crate) mod environment;
pub(crate) mod excerpt;
pub(crate) mod explanation;
pub(crate) mod facts;
pub(crate) mod header;
pub(crate) mod identity;
pub(crate) mod log_row;
pub(crate) mod log_view;
pub(crate) mod messages;
pub(crate) mod modal;
pub(crate) mod opening_panel;
pub(crate) mod part;
pub(crate) mod prose;
pub(crate) mod registers;
pub(crate) mod report_list;
pub(crate) mod report_view;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod stack;
pub(crate) mod start;
pub(crate) mod status_bar;
pub(crate) mod symbols;
pub(crate) mod ties;
pub(crate) mod triage;
