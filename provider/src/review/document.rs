//! The review as a page: sections of tables, lists and cards, before it is Markdown or HTML. Knows neither.

use std::ops::Range;

use super::impact::Level;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    Code(String),
    Strong(String),
    Level(Option<Level>),
}

/// A line of text.
pub(super) type Line = Vec<Inline>;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Line>>,
    /// Which columns hold numbers.
    pub(super) numbers: Range<usize>,
}

/// One thing with all that is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) level: Option<Level>,
    pub(super) title: Line,
    pub(super) lines: Vec<Line>,
}

/// What a section holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Table(Table),
    List(Vec<Line>),
    Cards(Vec<Card>),
}

/// A part of the page with its heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) heading: &'static str,
    /// What one item of it is called, for one and for many of them.
    pub(super) item: [&'static str; 2],
    pub(super) body: Body,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) title: Line,
    pub(super) lead: Vec<Line>,
    /// The most important first.
    pub(super) sections: Vec<Section>,
}

/// Text in which pairs of backticks mark code.
pub(super) fn prose(text: &str) -> Line {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick marks nothing.
    if parts.len().is_multiple_of(2) {
        return vec![Inline::Text(text.to_owned())];
    }
    let inline = |(index, part): (usize, &&str)| {
        let part = (*part).to_owned();
        if index.is_multiple_of(2) { Inline::Text(part) } else { Inline::Code(part) }
    };
    let is_something = |inline: &Inline| *inline != Inline::Text(String::new());
    parts.iter().enumerate().map(inline).filter(is_something).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_backticks_are_code() {
        let text = |text: &str| Inline::Text(text.to_owned());
        let code = |code: &str| Inline::Code(code.to_owned());
        for (written, expected) in [
            ("a `b` c", vec![text("a "), code("b"), text(" c")]),
            ("`b`", vec![code("b")]),
            ("a ` c", vec![text("a ` c")]),
            ("", vec![]),
        ] {
            assert_eq!(prose(written), expected, "{written}");
        }
    }
}
