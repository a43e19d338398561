//! What was found, as tables for people or JSON for programs.

use std::fmt::Write;

use serde_json::{Value, json};

/// All that a run found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// What it was measured on.
    pub machine: Vec<String>,
    /// The figures.
    pub tables: Vec<Table>,
    /// The figures that have a goal.
    pub goals: Vec<Goal>,
    /// What went wrong; a run with any has failed.
    pub problems: Vec<String>,
}

/// Figures side by side.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What they are about.
    pub title: &'static str,
    /// How they were found, in a sentence or two.
    pub note: String,
    /// What each column says.
    pub columns: Vec<&'static str>,
    /// The rows, as wide as the columns.
    pub rows: Vec<Vec<String>>,
}

/// A figure with a bound.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    /// Which figure.
    pub name: String,
    /// What was found, if it was.
    pub found: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
    /// The bound it must keep.
    pub must: Option<Bound>,
    /// The bound it should keep.
    pub aim: Option<Bound>,
}

/// A limit on a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// No less than this.
    Least(f64),
    /// No more than this.
    Most(f64),
}

impl Bound {
    fn admits(self, value: f64) -> bool {
        match self {
            Bound::Least(least) => value >= least,
            Bound::Most(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Bound::Least(least) => format!("≥ {least}"),
            Bound::Most(most) => format!("≤ {most}"),
        }
    }
}

impl Goal {
    /// What to say of the figure.
    pub fn verdict(&self) -> &'static str {
        let kept =
            |bound: Option<Bound>| self.found.is_some_and(|found| bound.is_some_and(|b| b.admits(found)));
        match (self.must, self.aim) {
            _ if self.found.is_none() => "not measured",
            (_, Some(_)) if kept(self.aim) => "aim reached",
            (Some(_), _) if kept(self.must) => "kept",
            (None, Some(_)) => "below aim",
            _ => "MISSED",
        }
    }
}

impl Report {
    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for line in &self.machine {
            line_to(&mut text, &format!("- {line}"));
        }
        for table in &self.tables {
            let rows = table.rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
            table_to(&mut text, table.title, &table.note, &table.columns, rows);
        }
        if !self.goals.is_empty() {
            let rows: Vec<[String; 5]> = self.goals.iter().map(describe_goal).collect();
            let rows = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
            table_to(&mut text, "Goals", "", &["figure", "found", "must", "aim", ""], rows);
        }
        for problem in &self.problems {
            line_to(&mut text, &format!("\nPROBLEM: {problem}"));
        }
        text
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let tables: Vec<Value> = self.tables.iter().map(table_json).collect();
        let bound = |bound: Option<Bound>| bound.map(Bound::text);
        let goal = |goal: &Goal| {
            json!({
                "name": goal.name, "found": goal.found, "unit": goal.unit, "must": bound(goal.must),
                "aim": bound(goal.aim), "verdict": goal.verdict(),
            })
        };
        json!({
            "machine": self.machine,
            "tables": tables,
            "goals": self.goals.iter().map(goal).collect::<Vec<_>>(),
            "problems": self.problems,
        })
    }
}

fn describe_goal(goal: &Goal) -> [String; 5] {
    let bound = |bound: Option<Bound>| bound.map(Bound::text).unwrap_or_default();
    let found = goal.found.map(|found| {
        let decimals = if found.abs() >= 20.0 { 0 } else { 2 };
        format!("{found:.decimals$} {}", goal.unit).trim_end().to_owned()
    });
    let found = found.unwrap_or_else(|| "–".to_owned());
    [goal.name.clone(), found, bound(goal.must), bound(goal.aim), goal.verdict().to_owned()]
}

fn table_json(table: &Table) -> Value {
    let row = |row: &Vec<String>| -> Value {
        let cells = table.columns.iter().zip(row);
        let name = |column: &str| if column.is_empty() { "name".to_owned() } else { column.to_owned() };
        cells.map(|(column, cell)| (name(column), Value::from(cell.as_str()))).collect()
    };
    json!({
        "title": table.title, "note": table.note, "rows": table.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn table_to(text: &mut String, title: &str, note: &str, columns: &[&str], rows: Vec<Vec<&str>>) {
    line_to(text, &format!("\n### {title}\n"));
    if !note.is_empty() {
        line_to(text, &format!("{note}\n"));
    }
    line_to(text, &format!("| {} |", columns.join(" | ")));
    line_to(text, &format!("|{}", "---|".repeat(columns.len())));
    for row in rows {
        line_to(text, &format!("| {} |", row.join(" | ")));
    }
}

fn line_to(text: &mut String, line: &str) {
    // Writing to a string does not fail.
    writeln!(text, "{line}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_says_whether_it_is_reached_kept_or_missed() {
        let goal = |found, must, aim| Goal { name: "a".to_owned(), found, unit: "ms", must, aim }.verdict();
        let (must, aim) = (Some(Bound::Most(3.0)), Some(Bound::Most(1.5)));
        assert_eq!(goal(Some(1.0), must, aim), "aim reached");
        assert_eq!(goal(Some(2.0), must, aim), "kept");
        assert_eq!(goal(Some(4.0), must, aim), "MISSED");
        assert_eq!(goal(None, must, aim), "not measured");
        assert_eq!(goal(Some(0.2), Some(Bound::Least(0.25)), None), "MISSED");
        assert_eq!(goal(Some(0.1), None, Some(Bound::Least(0.15))), "below aim");
    }

    #[test]
    fn a_report_is_markdown_or_json() {
        let table = Table {
            title: "Throughput",
            note: "A note.".to_owned(),
            columns: vec!["", "calls/s"],
            rows: vec![vec!["nginx".to_owned(), "30000".to_owned()]],
        };
        let goal = Goal {
            name: "of nginx".to_owned(),
            found: Some(0.3),
            unit: "",
            must: Some(Bound::Least(0.25)),
            aim: None,
        };
        let report = Report { tables: vec![table], goals: vec![goal], ..Report::default() };
        let text = report.markdown();
        assert!(text.contains("### Throughput\n\nA note.\n\n|  | calls/s |\n|---|---|\n| nginx | 30000 |\n"));
        assert!(text.contains("| of nginx | 0.30 | ≥ 0.25 |  | kept |"));
        assert_eq!(report.json()["tables"][0]["rows"][0]["calls/s"], "30000");
    }
}
