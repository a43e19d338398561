//! The books as facts: examples of each rule, and properties over any interleaving of operations.

mod any_interleaving;
mod sources_in_one_call;
mod world;
