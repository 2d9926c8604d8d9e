//! The page as Markdown of GitHub and GitLab, cut to a length: a comment that is too long is refused as a whole. What is
//! left out is said; the worst stays.

use super::document::{Body, Card, Document, Inline, Line, Section, Table};
use super::{escape, words};

/// Room for the lines that say what was left out.
const LAST_WORDS: usize = 900;

/// The whole page when it is at most so many characters long, otherwise as much as fits.
pub(super) fn render(document: &Document, most: usize) -> String {
    let mut page = format!("## {}\n", line(&document.title, false));
    for lead in &document.lead {
        page.extend(["\n", &line(lead, false), "\n"]);
    }
    let parts: Vec<Part> = document.sections.iter().map(part).collect();
    let whole: usize = length(&page) + parts.iter().map(Part::length).sum::<usize>();
    let budget = if whole <= most { most } else { most.saturating_sub(LAST_WORDS) };
    let mut left = budget.saturating_sub(length(&page));
    let mut missing = Vec::new();
    for part in &parts {
        let fitting = part.fitting(left);
        if fitting > 0 {
            left -= part.length_of(fitting);
            page.push_str(&part.head);
            part.items[..fitting].iter().for_each(|item| page.push_str(item));
        }
        missing.extend(part.missing(fitting));
    }
    if !missing.is_empty() {
        page.extend(["\n*Left out for length: ", &missing.join(", "), ".*\n"]);
    }
    page
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A section in Markdown, of which items can be left out from the end.
struct Part {
    head: String,
    items: Vec<String>,
    names: [&'static str; 2],
}

impl Part {
    fn length(&self) -> usize {
        self.length_of(self.items.len())
    }

    fn length_of(&self, items: usize) -> usize {
        length(&self.head) + self.items[..items].iter().map(|item| length(item)).sum::<usize>()
    }

    /// How many items go into so many characters.
    fn fitting(&self, most: usize) -> usize {
        let mut used = length(&self.head);
        self.items
            .iter()
            .take_while(|item| {
                used += length(item);
                used <= most
            })
            .count()
    }

    fn missing(&self, shown: usize) -> Option<String> {
        let missing = self.items.len() - shown;
        let [one, many] = self.names;
        (missing > 0).then(|| format!("{missing} {}", if missing == 1 { one } else { many }))
    }
}

fn part(section: &Section) -> Part {
    let heading = format!("\n### {}\n\n", section.heading);
    let (head, items) = match &section.body {
        Body::Table(table) => {
            (heading + &table_head(table), table.rows.iter().map(|row| table_row(row)).collect())
        }
        Body::List(lines) => {
            (heading, lines.iter().map(|item| format!("- {}\n", line(item, false))).collect())
        }
        Body::Cards(cards) => (heading.trim_end().to_owned() + "\n", cards.iter().map(card).collect()),
    };
    Part { head, items, names: section.item }
}

fn table_head(table: &Table) -> String {
    let rule =
        (0..table.head.len()).map(|column| if table.numbers.contains(&column) { "---:" } else { "---" });
    format!("| {} |\n| {} |\n", table.head.join(" | "), rule.collect::<Vec<_>>().join(" | "))
}

fn table_row(row: &[Line]) -> String {
    let cells: Vec<String> = row.iter().map(|cell| line(cell, true)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn card(card: &Card) -> String {
    let mut text = format!("\n#### {}\n", line(&card.title, false));
    if !card.lines.is_empty() {
        text.push('\n');
    }
    for item in &card.lines {
        text.extend(["- ", &line(item, false), "\n"]);
    }
    text
}

fn line(line: &Line, in_table: bool) -> String {
    line.iter().map(|piece| inline(piece, in_table)).collect()
}

fn inline(inline: &Inline, in_table: bool) -> String {
    match inline {
        Inline::Text(text) => escape::markdown_text(text),
        Inline::Code(code) => escape::markdown_code(code, in_table),
        Inline::Strong(text) => format!("**{}**", escape::markdown_text(text)),
        Inline::Level(level) => format!("**{}**", words::level(*level)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Line {
        vec![Inline::Text(text.to_owned())]
    }

    fn document(cards: usize, lines: usize) -> Document {
        let card = |number: usize| Card {
            level: None,
            title: vec![Inline::Code(format!("kubeblocks_cluster.ä[\"{number}\"]"))],
            lines: vec![text("It is replaced.")],
        };
        let rows = vec![vec![vec![Inline::Code("a|b".to_owned())], text("1|2"), text("x")]];
        let section = |heading, item, body| Section { heading, item, body };
        let table = Table { head: vec!["", "Add", "Impact"], rows, numbers: 1..2 };
        let lines = (0..lines).map(|number| text(&format!("line {number}"))).collect();
        Document {
            title: text("Plan <review>"),
            lead: vec![vec![Inline::Strong("Bad.".to_owned())]],
            sections: vec![
                section("Summary", ["row", "rows"], Body::Table(table)),
                section("Databases", ["database", "databases"], Body::Cards((0..cards).map(card).collect())),
                section("Imported", ["import", "imports"], Body::List(lines)),
            ],
        }
    }

    #[test]
    fn a_page_that_fits_is_whole() {
        let expected = "\
## Plan &lt;review&gt;

**Bad.**

### Summary

|  | Add | Impact |
| --- | ---: | --- |
| <code>a&#124;b</code> | 1\\|2 | x |

### Databases

#### `kubeblocks_cluster.ä[\"0\"]`

- It is replaced.

### Imported

- line 0
- line 1
";
        let exact = expected.chars().count();
        assert_eq!(render(&document(1, 2), exact), expected);
        assert_ne!(render(&document(1, 2), exact - 1), expected);
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_end_and_said() {
        let table = [
            (2_000, 100, 100, Some("*Left out for length: 83 databases, 96 imports.*")),
            (4_000, 100, 100, Some("*Left out for length: 45 databases, 100 imports.*")),
            (4_000, 20, 400, Some("*Left out for length: 220 imports.*")),
            (2_000, 40, 1, Some("*Left out for length: 23 databases.*")),
            (60_000, 100, 100, None),
        ];
        for (most, cards, lines, expected) in table {
            let page = render(&document(cards, lines), most);
            let last = page.lines().last().filter(|line| line.starts_with('*'));
            assert_eq!(last, expected, "{most} {cards} {lines}");
        }
    }

    #[test]
    fn no_page_is_too_long_and_the_summary_always_stays() {
        for most in (2_000..6_000).step_by(7) {
            let page = render(&document(200, 300), most);
            assert!(page.chars().count() <= most, "{most}");
            assert!(page.contains("### Summary"), "{most}");
        }
    }
}
