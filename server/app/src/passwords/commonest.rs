//! Passwords that everybody tries first.

/// One a line, in lower case; those that are too short to be taken anyway are not among them.
const COMMONEST: &str = include_str!("commonest.txt");

/// Whether a password, in lower case, is one of them, or one character again and again.
pub(super) fn is_common(password: &str) -> bool {
    let mut characters = password.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first) || COMMONEST.lines().any(|common| common == password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::PASSWORD_LENGTH_MIN;

    #[test]
    fn the_list_holds_what_could_be_taken_once_and_in_lower_case() {
        let mut lines: Vec<&str> = COMMONEST.lines().collect();
        assert!(lines.len() >= 200, "{}", lines.len());
        for line in &lines {
            assert!(line.chars().count() >= PASSWORD_LENGTH_MIN && line.to_lowercase() == **line, "{line}");
        }
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), COMMONEST.lines().count());
    }
}
