//! Types of units that are made here.
