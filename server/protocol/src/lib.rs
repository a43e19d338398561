#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod openai;
pub mod sse;
pub mod text_size;

mod json;
