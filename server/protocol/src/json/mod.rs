//! A borrowed JSON reader that knows where every value lies, so that bodies can be edited by splicing.
//!
//! Written by hand rather than with serde because a value's byte span, its decoded text size, the nesting
//! depth and duplicate keys are all needed from one pass over the bytes.

mod reader;
mod splice;
mod string;

pub(crate) use reader::{DEPTH_MAX, JsonError, JsonKind, JsonReader};
pub(crate) use splice::{Splice, member_removal, write_json_string};
pub(crate) use string::JsonText;
