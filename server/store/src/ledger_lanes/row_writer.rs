//! Many rows written with few statements whose texts repeat, so that they stay prepared.

use std::fmt::Write;

use sea_orm::{DatabaseBackend, Statement, Value};

use crate::book_transaction::BookTransaction;
use crate::error::StoreError;

/// The most rows of one statement: more of them gain nothing, and a server takes 65,535 values at most.
const ROWS_MAX: usize = 256;

/// How rows of a table are written.
pub(crate) struct RowWriter {
    pub table: &'static str,
    pub columns: &'static [&'static str],
    pub when_there: WhenThere,
}

/// What becomes of a row whose key is there already.
pub(crate) enum WhenThere {
    /// Nothing is written, and the transaction fails.
    Refuse,
    /// These columns are replaced.
    Replace { key: &'static [&'static str], columns: &'static [&'static str] },
    /// These columns are added to.
    Add { key: &'static [&'static str], columns: &'static [&'static str] },
}

impl RowWriter {
    /// Writes rows, given as their values one after the other.
    pub async fn write(&self, tx: &BookTransaction, values: Vec<Value>) -> Result<(), StoreError> {
        if values.is_empty() {
            return Ok(());
        }
        if tx.is_file() {
            return tx.execute_each(self.text(DatabaseBackend::Sqlite, 1), self.columns.len(), values).await;
        }
        let mut values = values.into_iter();
        loop {
            let left = values.len() / self.columns.len();
            if left == 0 {
                return Ok(());
            }
            // Powers of two: few texts for any number of rows.
            let rows = ROWS_MAX.min(1 << left.ilog2());
            let some: Vec<Value> = values.by_ref().take(rows * self.columns.len()).collect();
            let text = self.text(tx.backend(), rows);
            tx.execute_raw(Statement::from_sql_and_values(tx.backend(), text, some)).await?;
        }
    }

    fn text(&self, backend: DatabaseBackend, rows: usize) -> String {
        let quote = if backend == DatabaseBackend::MySql { '`' } else { '"' };
        let mut text = Text { text: String::with_capacity(256 + rows * self.columns.len() * 6), quote };
        text.push("INSERT INTO ").push_name(self.table).push(" (");
        text.push_list(self.columns, Text::push_name).push(") VALUES ");
        let mut place = 0;
        for row in 0..rows {
            text.push(if row == 0 { "(" } else { ", (" });
            text.push_list(self.columns, |text, _| {
                place += 1;
                text.push_place(backend, place)
            });
            text.push(")");
        }
        self.push_conflict(&mut text, backend);
        text.text
    }

    fn push_conflict(&self, text: &mut Text, backend: DatabaseBackend) {
        let (key, columns, adds) = match self.when_there {
            WhenThere::Refuse => return,
            WhenThere::Replace { key, columns } => (key, columns, false),
            WhenThere::Add { key, columns } => (key, columns, true),
        };
        let is_mysql = backend == DatabaseBackend::MySql;
        if is_mysql {
            text.push(" ON DUPLICATE KEY UPDATE ");
        } else {
            text.push(" ON CONFLICT (").push_list(key, Text::push_name).push(") DO UPDATE SET ");
        }
        text.push_list(columns, |text, column| {
            text.push_name(column).push(" = ");
            if adds {
                text.push_name(self.table).push(".").push_name(column).push(" + ");
            }
            match is_mysql {
                true => text.push("VALUES(").push_name(column).push(")"),
                false => text.push("excluded.").push_name(column),
            }
        });
    }
}

/// SQL as it is put together.
struct Text {
    text: String,
    quote: char,
}

impl Text {
    fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn push_name(&mut self, name: &'static str) -> &mut Self {
        self.text.push(self.quote);
        self.text.push_str(name);
        self.text.push(self.quote);
        self
    }

    fn push_list(
        &mut self,
        columns: &[&'static str],
        mut push: impl for<'a> FnMut(&'a mut Self, &'static str) -> &'a mut Self,
    ) -> &mut Self {
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                self.text.push_str(", ");
            }
            push(self, column);
        }
        self
    }

    fn push_place(&mut self, backend: DatabaseBackend, place: usize) -> &mut Self {
        if backend == DatabaseBackend::Postgres {
            // Writing into a String does not fail.
            let _ = write!(self.text, "${place}");
        } else {
            self.text.push('?');
        }
        self
    }
}

/// The ids of a list, filled up to a power of two with its last one: few texts for any number of ids.
pub(crate) fn padded<T: Copy>(ids: &[T]) -> Vec<T> {
    let mut ids = ids.to_vec();
    if let Some(last) = ids.last().copied() {
        ids.resize(ids.len().next_power_of_two(), last);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPENDING: RowWriter = RowWriter {
        table: "spending",
        columns: &["id", "spent"],
        when_there: WhenThere::Replace { key: &["id"], columns: &["spent"] },
    };

    #[test]
    fn each_database_is_told_in_its_own_words() {
        assert_eq!(
            SPENDING.text(DatabaseBackend::Postgres, 2),
            "INSERT INTO \"spending\" (\"id\", \"spent\") VALUES ($1, $2), ($3, $4) \
             ON CONFLICT (\"id\") DO UPDATE SET \"spent\" = excluded.\"spent\""
        );
        assert_eq!(
            SPENDING.text(DatabaseBackend::MySql, 1),
            "INSERT INTO `spending` (`id`, `spent`) VALUES (?, ?) ON DUPLICATE KEY UPDATE `spent` = VALUES(`spent`)"
        );
        let sums = RowWriter { when_there: WhenThere::Add { key: &["id"], columns: &["spent"] }, ..SPENDING };
        assert_eq!(
            sums.text(DatabaseBackend::Sqlite, 1),
            "INSERT INTO \"spending\" (\"id\", \"spent\") VALUES (?, ?) \
             ON CONFLICT (\"id\") DO UPDATE SET \"spent\" = \"spending\".\"spent\" + excluded.\"spent\""
        );
    }

    #[test]
    fn a_padded_list_has_the_same_ids() {
        assert_eq!(padded(&[1, 2, 3, 4, 5]), [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!(padded::<i32>(&[]), Vec::<i32>::new());
    }
}
