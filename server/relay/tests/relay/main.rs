//! Calls through the relay against scripted upstreams, with the rest of the server in memory.

mod admission;
mod books_down;
mod caller_gone;
mod failover;
mod shutdown;
mod streams;
mod upstream;
mod whole_answers;
mod world;
