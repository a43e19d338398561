//! Tables for spreadsheets (RFC 4180).

/// So that spreadsheets read UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    /// Text of any kind.
    Text(&'a str),
    /// A number of ours.
    Number(&'a str),
}

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

    /// Adds a row of which some cells are numbers: a spreadsheet runs no number, though it begins with a minus sign.
    pub(crate) fn push_mixed<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            match cell {
                Cell::Number(number) if is_number(number) => self.text.push_str(number),
                Cell::Number(text) | Cell::Text(text) => self.push_cell(text),
            }
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

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
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
    fn numbers_are_no_formulas_and_formulas_are_no_numbers() {
        let mut rows = CsvRows::default();
        rows.push_mixed([Cell::Number("-1.50"), Cell::Number("=1"), Cell::Text("-1"), Cell::Number("-1+1")]);
        assert_eq!(rows.into_text(), "-1.50,\"'=1\",\"'-1\",\"'-1+1\"\r\n");
    }

    #[test]
    fn a_table_begins_with_a_byte_order_mark_and_its_columns() {
        let mut rows = CsvRows::default();
        rows.begin(&["a", "b"]);
        assert_eq!(rows.into_text(), "\u{feff}a,b\r\n");
    }
}
