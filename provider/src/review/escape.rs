//! How text from a plan is made harmless in each format. Addresses hold keys that anybody chose, so every one of them is
//! taken for hostile.

use std::fmt::Write as _;

/// Makes visible what a reader cannot see: control characters, and those that turn the direction of text.
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => shown.push(' '),
            _ if letter.is_control() || is_invisible(letter) => {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
            }
            _ => shown.push(letter),
        }
    }
    shown
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Running text in Markdown. Nobody is notified, nothing is linked and nothing is formatted by it.
pub(super) fn markdown_text(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len());
    let mut letters = after_block_mark(&text, &mut escaped).chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            // An empty comment parts what would be a mention, a reference or a link, and is not seen.
            '@' | '#' if !next.is_whitespace() => {
                escaped.push(letter);
                escaped.push_str("<!-- -->");
            }
            ':' if next == '/' => escaped.push_str(":<!-- -->"),
            'w' | 'W' if next == '.' => {
                escaped.push(letter);
                escaped.push_str("<!-- -->");
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Escapes what begins a list or a heading, and returns the rest.
fn after_block_mark<'a>(text: &'a str, escaped: &mut String) -> &'a str {
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let (before, rest) = text.split_at(text.len() - digits.len());
    let is_mark =
        if before.is_empty() { rest.starts_with(['-', '+', '#']) } else { rest.starts_with(['.', ')']) };
    if !is_mark || !rest[1..].starts_with([' ', '#']) {
        return text;
    }
    escaped.push_str(before);
    escaped.push('\\');
    escaped.push_str(&rest[..1]);
    &rest[1..]
}

/// Code in Markdown: the fence is longer than any run of backticks in it.
pub(super) fn markdown_code(text: &str, in_table: bool) -> String {
    if in_table && text.contains('|') {
        // A table ends its cell at a bar, also in code, and readers differ on what a backslash before it does.
        return format!("<code>{}</code>", markdown_text(text).replace("\\|", "&#124;"));
    }
    let text = visible(text);
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text and attribute values in HTML.
pub(super) fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// The message of a workflow command of GitHub Actions.
pub(super) fn github_message(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// A property of a workflow command of GitHub Actions.
pub(super) fn github_property(text: &str) -> String {
    github_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// A message of SARIF, in which braces are placeholders, and brackets before parentheses are links.
pub(super) fn sarif(text: &str) -> String {
    let text = visible(text).replace('{', "{{").replace('}', "}}");
    if text.contains("](") {
        text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
    } else {
        text
    }
}

/// A part of a URI reference: all but unreserved characters and `/` by their bytes.
pub(super) fn uri(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(escape: impl Fn(&str) -> String, table: &[(&str, &str)]) {
        for (text, expected) in table {
            assert_eq!(escape(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_is_invisible() {
        each(
            visible,
            &[
                ("a\r\nb\tc", "a  b c"),
                ("\u{1b}[31mred\0", "\\u{1b}[31mred\\u{0}"),
                ("a\u{202e}b\u{200b}c\u{feff}\u{2066}", "a\\u{202e}b\\u{200b}c\\u{feff}\\u{2066}"),
                ("äé→日本", "äé→日本"),
            ],
        );
    }

    #[test]
    fn text_in_markdown_is_only_text() {
        each(
            markdown_text,
            &[
                ("plain text, 1.5 - 2 (a).", "plain text, 1.5 - 2 (a)."),
                ("<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"),
                ("a|b `c` *d* _e_ ~f~ $g$", "a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~ \\$g\\$"),
                ("![x](y) \\", "\\!\\[x\\](y) \\\\"),
                ("@team #12 a@b", "@<!-- -->team #<!-- -->12 a@<!-- -->b"),
                ("https://x www.x.test", "https:<!-- -->//x www<!-- -->.x.test"),
                ("a\n\n# b\n- c", "a  # b - c"),
                ("# b", "\\# b"),
                ("## b", "\\## b"),
                ("- b", "\\- b"),
                ("-1", "-1"),
                ("1. b", "1\\. b"),
                ("1.5", "1.5"),
            ],
        );
    }

    #[test]
    fn code_in_markdown_ends_where_it_should() {
        each(
            |text| markdown_code(text, false),
            &[
                ("a.b", "`a.b`"),
                ("a[\"x|y\"]", "`a[\"x|y\"]`"),
                ("a[\"x`y\"]", "``a[\"x`y\"]``"),
                ("``", "``` `` ```"),
                ("a\n`b", "``a `b``"),
                ("<b>", "`<b>`"),
                ("", "`  `"),
            ],
        );
        each(
            |text| markdown_code(text, true),
            &[
                ("a.b", "`a.b`"),
                ("a[\"x|y\"]", "<code>a\\[\"x&#124;y\"\\]</code>"),
                ("`\\|<b>", "<code>\\`\\\\&#124;&lt;b&gt;</code>"),
            ],
        );
    }

    #[test]
    fn html_has_no_tags_from_a_plan() {
        each(html, &[("<b a='\"'>&", "&lt;b a=&#39;&quot;&#39;&gt;&amp;"), ("a\u{202e}", "a\\u{202e}")]);
    }

    #[test]
    fn workflow_commands_are_one_line_and_say_what_stands_there() {
        each(github_message, &[("100 %0A::error::x\r\ny", "100 %250A::error::x  y"), ("a,b:c", "a,b:c")]);
        each(github_property, &[("a[\"x,y:z%\"]", "a[\"x%2Cy%3Az%25\"]")]);
    }

    #[test]
    fn sarif_has_no_placeholders_and_no_links() {
        each(
            sarif,
            &[
                ("a[\"b\"]", "a[\"b\"]"),
                ("a {0} b", "a {{0}} b"),
                ("[x](https://y)", "\\[x\\](https://y)"),
                ("\\[x](y)", "\\\\\\[x\\](y)"),
            ],
        );
    }

    #[test]
    fn uris_hold_any_file_name() {
        each(uri, &[("a/plan.json", "a/plan.json"), ("ä b%.json", "%C3%A4%20b%25.json")]);
    }
}
