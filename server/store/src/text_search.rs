//! Finding names by a part of them.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr};

/// Not the backslash: the databases do not agree on how to write that one.
const LIKE_ESCAPE: char = '!';

/// Whether a column holds the text anywhere, in any case. It is in no index: for tables of some thousand rows.
pub(crate) fn column_contains(column: impl ColumnTrait, text: &str) -> Expr {
    Expr::from(Func::lower(column.into_expr())).like(containing(text))
}

/// A pattern that finds the text anywhere in what is in lower case, its wildcards taken literally.
pub(crate) fn containing(text: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.trim().to_lowercase().chars() {
        if matches!(letter, '%' | '_' | LIKE_ESCAPE) {
            pattern.push(LIKE_ESCAPE);
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape(LIKE_ESCAPE)
}
