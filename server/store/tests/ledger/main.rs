//! The lanes on real databases: SQLite always, MariaDB and PostgreSQL where the test bed has started them.

mod audit;
mod calls;
mod faults;
mod funds;
mod races;
mod schema;
mod world;
