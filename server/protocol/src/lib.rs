#![doc = include_str!("../README.md")]

pub mod openai;
pub mod sse;
pub mod text_size;

mod json;
