//! The page as one HTML file that needs nothing else: no script, no font, no request. Readable on a phone and in the dark.

use std::ops::Range;

use super::document::{Body, Card, Document, Inline, Line, Section, Table};
use super::impact::Level;
use super::{escape, words};

const STYLE: &str = include_str!("style.css");

/// The whole file.
pub(super) fn render(document: &Document) -> String {
    let title = plain(&document.title);
    let lead = document.lead.iter().map(|lead| ["<p class=\"lead\">", &line(lead), "</p>\n"].concat());
    let lead: String = lead.collect();
    let sections: String = document.sections.iter().map(section).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{}</h1>\n{lead}</header>\n\
         {sections}</main>\n</body>\n</html>\n",
        escape::html(&title),
        line(&document.title),
    )
}

/// The words alone, for the title of a window.
fn plain(line: &Line) -> String {
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) | Inline::Code(text) | Inline::Strong(text) => text.clone(),
        Inline::Level(level) => words::level(*level).to_owned(),
    };
    line.iter().map(piece).collect()
}

fn section(section: &Section) -> String {
    let heading = escape::html(section.heading);
    let body = match &section.body {
        Body::Table(table) => self::table(table, &heading),
        Body::List(lines) => list(lines),
        Body::Cards(cards) => cards.iter().map(card).collect(),
    };
    format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n")
}

fn table(table: &Table, name: &str) -> String {
    let head: String = table
        .head
        .iter()
        .enumerate()
        .map(|(index, cell)| head_cell(cell, table.numbers.contains(&index)))
        .collect();
    let rows: String = table.rows.iter().map(|row| table_row(row, &table.numbers)).collect();
    // A wide table moves in itself, also by the keyboard, and the page stays.
    format!(
        "<div class=\"table\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\">\n<table>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

fn head_cell(cell: &str, is_number: bool) -> String {
    let class = if is_number { " class=\"number\"" } else { "" };
    let cell = escape::html(cell);
    if cell.is_empty() { "<td></td>".to_owned() } else { format!("<th scope=\"col\"{class}>{cell}</th>") }
}

fn table_row(row: &[Line], numbers: &Range<usize>) -> String {
    let cell = |(index, cell): (usize, &Line)| match index {
        0 => format!("<th scope=\"row\">{}</th>", line(cell)),
        _ if numbers.contains(&index) => format!("<td class=\"number\">{}</td>", line(cell)),
        _ => format!("<td>{}</td>", line(cell)),
    };
    format!("<tr>{}</tr>\n", row.iter().enumerate().map(cell).collect::<String>())
}

fn list(lines: &[Line]) -> String {
    let items: String = lines.iter().map(|item| ["<li>", &line(item), "</li>\n"].concat()).collect();
    format!("<ul>\n{items}</ul>\n")
}

fn card(card: &Card) -> String {
    let body = if card.lines.is_empty() { String::new() } else { list(&card.lines) };
    let (class, title) = (class(card.level), line(&card.title));
    format!("<article class=\"card {class}\">\n<h3>{title}</h3>\n{body}</article>\n")
}

fn line(line: &Line) -> String {
    line.iter().map(inline).collect()
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => escape::html(text),
        Inline::Code(code) => format!("<code>{}</code>", escape::html(code)),
        Inline::Strong(text) => format!("<strong>{}</strong>", escape::html(text)),
        Inline::Level(level) => {
            format!("<span class=\"level {}\">{}</span>", class(*level), words::level(*level))
        }
    }
}

fn class(level: Option<Level>) -> &'static str {
    match level {
        None => "unknown",
        Some(Level::None) => "none",
        Some(Level::RollingRestart) => "restart",
        Some(Level::Downtime) => "downtime",
        Some(Level::DataLoss) => "loss",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_plan_becomes_markup() {
        let hostile = "<script>alert('x')</script>\" onload=\"";
        let pieces = [Inline::Text, Inline::Code, Inline::Strong];
        let bad: Line = pieces.iter().map(|piece| piece(hostile.to_owned())).collect();
        let section = |body| Section { heading: "A", item: ["a", "as"], body };
        let table = Table { head: vec!["", "B"], rows: vec![vec![bad.clone(), bad.clone()]], numbers: 1..2 };
        let card = Card { level: None, title: bad.clone(), lines: vec![bad.clone()] };
        let page = render(&Document {
            title: bad.clone(),
            lead: vec![bad.clone()],
            sections: vec![
                section(Body::Table(table)),
                section(Body::List(vec![bad.clone()])),
                section(Body::Cards(vec![card])),
            ],
        });
        assert!(!page.contains("<script") && !page.contains("onload=\""), "{page}");
        // Three pieces in each of eight places: the title twice, the lead, two cells, a list, a card's two lines.
        assert_eq!(page.matches("&lt;script&gt;alert(&#39;x&#39;)").count(), 8 * 3);
    }

    #[test]
    fn the_file_asks_for_nothing() {
        let page = render(&Document { title: vec![], lead: vec![], sections: vec![] });
        for asking in ["http:", "https:", "url(", "@import", "src=", "<script", "<link"] {
            assert!(!page.contains(asking), "{asking}");
        }
        assert!(page.contains("default-src 'none'"));
    }
}
