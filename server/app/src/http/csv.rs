//! Tables for spreadsheets (RFC 4180).

/// So that spreadsheets read UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Rows, as they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct CsvRows {
    text: String,
}

impl CsvRows {
    /// Begins a table with the names of its columns.
    pub(crate) fn begin(&mut self, columns: &[&str]) {
        self.text.push(BYTE_ORDER_MARK);
        self.push(columns.iter().copied());
    }

    /// Adds a row.
    pub(crate) fn push<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.push_cell(cell);
        }
        self.text.push_str("\r\n");
    }

    /// The rows as text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// A cell that a spreadsheet would run as a formula is made text by an apostrophe.
    fn push_cell(&mut self, cell: &str) {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        if !is_formula && !cell.contains([',', '"', '\n', '\r']) {
            self.text.push_str(cell);
            return;
        }
        self.text.push('"');
        if is_formula {
            self.text.push('\'');
        }
        for letter in cell.chars() {
            if letter == '"' {
                self.text.push('"');
            }
            self.text.push(letter);
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut rows = CsvRows::default();
        rows.push(cells.iter().copied());
        rows.into_text()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(row(&["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            row(&["a,b", "say \"hi\"", "two\nlines"]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(row(&[formula]).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(row(&["=HYPERLINK(\"x\")"]), "\"'=HYPERLINK(\"\"x\"\")\"\r\n");
    }

    #[test]
    fn a_table_begins_with_a_byte_order_mark_and_its_columns() {
        let mut rows = CsvRows::default();
        rows.begin(&["a", "b"]);
        assert_eq!(rows.into_text(), "\u{feff}a,b\r\n");
    }
}
