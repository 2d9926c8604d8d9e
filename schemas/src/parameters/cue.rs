//! The part of CUE that constraints are written in, as far as it is read.
//!
//! A definition `#Name: { ... }` of fields, one a line: `name: expression`, with `?` for those that need not be there and
//! quotes around names with points or dashes. An expression is `int`, `float`, `number`, `string` or `bool`, with `&` and
//! bounds (`>=1`, `<=9`, `>0`, `<1`), or alternatives with `|` of such and of literals, where `*` marks the default.
//! Comments above a field describe it. An attribute (`@storeResource(8KB)`) says that values may carry a unit. `...` and
//! patterns (`[string]: ...`) leave the definition open. Anything else leaves the field known by its name alone.

use super::{Kind, Rule, Rules};

/// Reads the definition of the given name, else the first one. Nothing when there is none.
pub fn read(text: &str, name: Option<&str>) -> Option<Rules> {
    let body = name.and_then(|name| body_of(text, name)).or_else(|| body_of(text, ""))?;
    let mut rules = Rules { is_closed: true, ..Rules::default() };
    let mut description: Vec<String> = Vec::new();
    let mut lines = statements(&body).into_iter().peekable();
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("//") {
            description.push(comment.trim().to_owned());
            continue;
        }
        if line.is_empty() {
            description.clear();
            continue;
        }
        let mut statement = line;
        while statement.ends_with(['|', '&']) || lines.peek().is_some_and(|next| next.starts_with(['|', '&']))
        {
            let Some(next) = lines.next() else { break };
            statement = format!("{statement} {next}");
        }
        match field(&statement) {
            Some((name, expression)) => {
                let words = description.join(" ").trim().to_owned();
                let rule =
                    Rule { description: Some(words).filter(|words| !words.is_empty()), ..rule(&expression) };
                rules.rules.insert(name, rule);
            }
            None => rules.is_closed = false,
        }
        description.clear();
    }
    Some(rules)
}

/// What stands between the braces of the definition.
fn body_of(text: &str, name: &str) -> Option<String> {
    let wanted = name.trim_start_matches('#');
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(rest) = line.trim_start().strip_prefix('#') else { continue };
        let Some((found, after)) = rest.split_once(':') else { continue };
        if (wanted.is_empty() || found.trim() == wanted) && after.trim_start().starts_with('{') {
            let open = start + line.find('{')?;
            return Some(text[open + 1..].chars().scan(Scan::default(), Scan::inside).collect());
        }
    }
    None
}

/// Where a character stands: in quotes, in a comment, how deep in braces.
#[derive(Default)]
struct Scan {
    depth: usize,
    quoted: bool,
    escaped: bool,
    slashes: usize,
}

impl Scan {
    /// The character, until the brace that closes the definition.
    fn inside(&mut self, character: char) -> Option<char> {
        if character == '\n' {
            (self.quoted, self.escaped, self.slashes) = (false, false, 0);
            return Some(character);
        }
        if self.slashes == 2 {
            return Some(character);
        }
        self.slashes = if character == '/' && !self.quoted { self.slashes + 1 } else { 0 };
        match character {
            _ if self.escaped => self.escaped = false,
            '\\' if self.quoted => self.escaped = true,
            '"' => self.quoted = !self.quoted,
            '{' if !self.quoted => self.depth += 1,
            '}' if !self.quoted && self.depth == 0 => return None,
            '}' if !self.quoted => self.depth -= 1,
            _ => {}
        }
        Some(character)
    }
}

/// The lines of a body; structures within are one line. A body on one line is split at its commas.
fn statements(body: &str) -> Vec<String> {
    let lines: Vec<&str> = if body.trim().contains('\n') {
        body.trim().lines().collect()
    } else {
        body.trim().split(',').collect()
    };
    let mut statements: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    for line in lines {
        let line = line.trim().trim_end_matches(',');
        let inside = depth > 0;
        if !line.starts_with("//") {
            let count = |brace| outside_quotes(line).filter(|(_, found)| *found == brace).count();
            depth = (depth + count('{')).saturating_sub(count('}'));
        }
        match statements.last_mut() {
            Some(last) if inside => {
                last.push(' ');
                last.push_str(line);
            }
            Some(_) | None => statements.push(line.to_owned()),
        }
    }
    statements
}

/// Characters that do not stand in quotes, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, character)| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted,
        }
        false
    })
}

/// Name and expression; nothing for what leaves the definition open.
fn field(statement: &str) -> Option<(String, String)> {
    let colon = outside_quotes(statement).find(|(_, character)| *character == ':')?.0;
    let name = statement[..colon].trim().trim_end_matches(['?', '!']).trim();
    if name.starts_with(['[', '#', '_', '.', '(']) || name.contains(['{', '}']) {
        return None;
    }
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    Some((name.to_owned(), statement[colon + 1..].trim().to_owned()))
}

/// One part of an expression.
#[derive(Default)]
struct Alternative {
    kind: Option<Kind>,
    minimum: Option<(String, bool)>,
    maximum: Option<(String, bool)>,
    literal: Option<String>,
}

fn rule(expression: &str) -> Rule {
    let end = outside_quotes(expression)
        .find(|(place, character)| *character == '@' || expression[*place..].starts_with("//"));
    let (text, rest) = expression.split_at(end.map_or(expression.len(), |(place, _)| place));
    let unknown = Rule { has_units: rest.starts_with('@'), ..Rule::default() };
    let mut rule = Rule { is_understood: true, ..unknown.clone() };
    let mut is_free = false;
    for part in split(text, '|') {
        let (part, is_default) = match part.strip_prefix('*') {
            Some(part) => (part.trim(), true),
            None => (part, false),
        };
        let Some(alternative) = alternative(part) else {
            return Rule { kind: rule.kind, default: rule.default, ..unknown };
        };
        rule.kind = rule.kind.or(alternative.kind);
        if let Some(literal) = alternative.literal {
            if is_default {
                rule.default = Some(literal.clone());
            }
            rule.allowed.push(literal);
            continue;
        }
        let is_second = rule.minimum.is_some() || rule.maximum.is_some();
        let is_bounded = alternative.minimum.is_some() || alternative.maximum.is_some();
        if is_second && is_bounded {
            return Rule { kind: rule.kind, default: rule.default, ..unknown };
        }
        if is_bounded {
            rule.excludes = (
                alternative.minimum.as_ref().is_some_and(|(_, excludes)| *excludes),
                alternative.maximum.as_ref().is_some_and(|(_, excludes)| *excludes),
            );
            rule.minimum = alternative.minimum.map(|(text, _)| text);
            rule.maximum = alternative.maximum.map(|(text, _)| text);
        } else {
            is_free = true;
        }
    }
    if is_free {
        rule.allowed.clear();
        (rule.minimum, rule.maximum) = (None, None);
    } else if rule.minimum.is_some() || rule.maximum.is_some() {
        // A default that is one of the range's values tells nothing new.
        let mut allowed = std::mem::take(&mut rule.allowed);
        allowed.retain(|value| !value.parse().is_ok_and(|number| rule.contains(number)));
        rule.allowed = allowed;
    }
    rule
}

/// What conjunctions say together; nothing when one of them is beyond what is read.
fn alternative(text: &str) -> Option<Alternative> {
    let mut found = Alternative::default();
    for part in split(text, '&') {
        match part {
            "int" => found.kind = Some(Kind::Integer),
            "float" | "number" => found.kind = Some(Kind::Number),
            "string" => found.kind = Some(Kind::Text),
            "bool" => found.kind = Some(Kind::Boolean),
            _ => bound_or_literal(part, &mut found)?,
        }
    }
    Some(found)
}

fn bound_or_literal(part: &str, found: &mut Alternative) -> Option<()> {
    for (sign, is_minimum, excludes) in
        [(">=", true, false), ("<=", false, false), (">", true, true), ("<", false, true)]
    {
        let Some(number) = part.strip_prefix(sign) else { continue };
        let number = number.trim().replace('_', "");
        number.parse::<f64>().ok()?;
        let bound = Some((number, excludes));
        if is_minimum {
            found.minimum = bound;
        } else {
            found.maximum = bound;
        }
        return Some(());
    }
    let quoted = part.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let is_plain = part.parse::<f64>().is_ok() || matches!(part, "true" | "false");
    let literal = quoted.filter(|text| !text.contains(['"', '\\'])).or(is_plain.then_some(part))?;
    if found.literal.replace(literal.to_owned()).is_some() {
        return None;
    }
    Some(())
}

/// The parts between the signs.
fn split(text: &str, sign: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (place, _) in outside_quotes(text).filter(|(_, character)| *character == sign) {
        parts.push(text[start..place].trim());
        start = place + sign.len_utf8();
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
#Other: {
    a: int
}
#P: {
    // Number of connections.
    // Each takes memory.
    max_connections?: int & >=6 & <=8388607 | *100

    "max-policy"?: string & "a{" | "b|c" // as it says
    level: "x" |
        "y"
    on?: bool | *false
    ratio: float & >0 & <=1.5 @any(1)
    nested: {
        inner: int
    }
    call?: strings.MaxRunes(5)
}
configuration: #P & {}
"#;

    #[test]
    fn fields_of_the_named_definition_are_read() {
        let rules = read(TEXT, Some("P")).unwrap();
        assert!(rules.is_closed);
        let names: Vec<&str> = rules.names().into_iter().collect();
        assert_eq!(names, ["call", "level", "max-policy", "max_connections", "nested", "on", "ratio"]);
        let of = |name: &str| rules.rules[name].clone();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            of("max_connections"),
            Rule {
                kind: Some(Kind::Integer),
                minimum: text("6"),
                maximum: text("8388607"),
                default: text("100"),
                description: text("Number of connections. Each takes memory."),
                is_understood: true,
                ..Rule::default()
            }
        );
        assert_eq!(of("max-policy").allowed, ["a{", "b|c"]);
        assert_eq!(of("level").allowed, ["x", "y"]);
        assert_eq!(
            (of("on").kind, of("on").default, of("on").allowed.len()),
            (Some(Kind::Boolean), text("false"), 0)
        );
        assert_eq!((of("ratio").excludes, of("ratio").has_units), ((true, false), true));
        assert!(!of("nested").is_understood && !of("call").is_understood);
    }

    #[test]
    fn an_open_or_missing_definition_is_told() {
        for (text, expected) in [
            ("#P: {...}", Some((0, false))),
            ("#P: {a: int, b?: int}", Some((2, true))),
            ("#P: {\n  a: int\n  ...\n}", Some((1, false))),
            ("#P: {\n  [string]: string\n}", Some((0, false))),
            ("configuration: {}", None),
            ("", None),
        ] {
            let found = read(text, None).map(|rules| (rules.rules.len(), rules.is_closed));
            assert_eq!(found, expected, "{text}");
        }
    }
}
