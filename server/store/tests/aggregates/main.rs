//! What is kept, on real databases: SQLite always, MariaDB and PostgreSQL where the test bed has started them.

mod calls;
mod catalog;
mod changes;
mod database;
mod keys;
mod people;
mod repeated_writes;
mod sessions;
