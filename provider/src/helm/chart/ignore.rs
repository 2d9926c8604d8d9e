//! The rules of a `.helmignore`: which files of a folder are no part of its chart. Pure.
//!
//! The language is helm's, not git's: no `**`, a later rule takes nothing back, and a rule with `!` skips all that
//! it does not match.

/// A line that helm refuses.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}, {rule:?}: {reason}")]
pub struct Error {
    line: usize,
    rule: String,
    reason: &'static str,
}

/// What the rules of a folder say.
#[derive(Debug)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: Vec<char>,
    is_negated: bool,
    is_for_folders: bool,
    whole_path: bool,
}

impl Rules {
    /// The rules of a `.helmignore`, and the one that always holds: no hidden files among the templates.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let rule = line.trim();
            if rule.is_empty() || rule.starts_with('#') {
                continue;
            }
            let refuse = |reason| Error { line: index + 1, rule: rule.to_owned(), reason };
            if rule.contains("**") {
                return Err(refuse("helm does not know **"));
            }
            rules.push(Rule::parse(rule).ok_or_else(|| refuse("it is no pattern"))?);
        }
        rules.extend(Rule::parse("templates/.?*"));
        Ok(Self(rules))
    }

    /// Whether the file or folder is left out. `path` is relative to the chart, with slashes.
    pub(super) fn ignore(&self, path: &str, is_folder: bool) -> bool {
        self.0.iter().any(|rule| {
            let applies = is_folder || !rule.is_for_folders;
            if rule.is_negated { !applies || !rule.matches(path) } else { applies && rule.matches(path) }
        })
    }
}

impl Rule {
    fn parse(rule: &str) -> Option<Self> {
        let (is_negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (is_for_folders, rule) = rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let pattern: Vec<char> = rule.strip_prefix('/').unwrap_or(rule).chars().collect();
        is_pattern(&pattern).then_some(Self {
            pattern,
            is_negated,
            is_for_folders,
            whole_path: rule.contains('/'),
        })
    }

    /// A rule with a slash is for the whole path, any other for the last part.
    fn matches(&self, path: &str) -> bool {
        let subject = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        matches(&self.pattern, &subject.chars().collect::<Vec<_>>())
    }
}

/// Whether all brackets and escapes are complete.
fn is_pattern(mut pattern: &[char]) -> bool {
    while let [first, rest @ ..] = pattern {
        pattern = match first {
            '\\' if rest.is_empty() => return false,
            '\\' => &rest[1..],
            '[' => match class(rest, '\0') {
                Some((_, rest)) => rest,
                None => return false,
            },
            _ => rest,
        };
    }
    true
}

/// Shell patterns as Go's `filepath.Match` has them: `*`, `?`, `[a-z]`, `[^a-z]`, `\`. None crosses a slash but a class.
fn matches(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => {
            let reach = text.iter().position(|letter| *letter == '/').unwrap_or(text.len());
            (0..=reach).any(|length| matches(rest, &text[length..]))
        }
        ['?', rest @ ..] => {
            text.split_first().is_some_and(|(letter, text)| *letter != '/' && matches(rest, text))
        }
        ['[', rest @ ..] => text.split_first().is_some_and(|(letter, text)| {
            class(rest, *letter).is_some_and(|(contains, rest)| contains && matches(rest, text))
        }),
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => {
            text.split_first().is_some_and(|(first, text)| first == letter && matches(rest, text))
        }
    }
}

/// Whether a class, from behind its `[`, contains the letter; and the pattern after it. Nothing when it is incomplete.
fn class(pattern: &[char], letter: char) -> Option<(bool, &[char])> {
    let (is_negated, mut pattern) = match pattern {
        ['^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut contains = false;
    let mut is_first = true;
    loop {
        if let [']', rest @ ..] = pattern
            && !is_first
        {
            return Some((contains != is_negated, rest));
        }
        is_first = false;
        let (low, rest) = class_letter(pattern)?;
        let (high, rest) = match rest {
            ['-', rest @ ..] => class_letter(rest)?,
            _ => (low, rest),
        };
        contains |= (low..=high).contains(&letter);
        pattern = rest;
    }
}

fn class_letter(pattern: &[char]) -> Option<(char, &[char])> {
    match pattern {
        [] | ['-' | ']', ..] | ['\\'] => None,
        ['\\', letter, rest @ ..] | [letter, rest @ ..] => Some((*letter, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases are what helm's own matcher answers, tried with its module.
    #[test]
    fn rules_say_what_helms_rules_say() {
        let cases = [
            ("", "templates/.hidden", false, true),
            ("", "templates/..", false, true),
            ("", "templates/sub/.hidden", false, false),
            ("", ".helmignore", false, false),
            ("# comment\n\n", "# comment", false, false),
            ("*.tmp", "a.tmp", false, true),
            ("*.tmp", "deep/er/a.tmp", false, true),
            ("/a.tmp", "a.tmp", false, true),
            ("/a.tmp", "deep/a.tmp", false, false),
            ("docs/*.md", "docs/a.md", false, true),
            ("docs/*.md", "docs/er/a.md", false, false),
            ("docs/*.md", "x/docs/a.md", false, false),
            ("crds/", "crds", true, true),
            ("crds/", "crds", false, false),
            ("crds/", "sub/crds", true, true),
            ("dashboards", "dashboards", true, true),
            ("a?c", "abc", false, true),
            ("a?c", "ac", false, false),
            ("[a-c]x", "bx", false, true),
            ("[^a-c]x", "bx", false, false),
            ("[^a-c]x", "dx", false, true),
            ("\\*", "*", false, true),
            ("\\*", "a", false, false),
            ("*.txt", ".txt", false, true),
            ("a*c*e", "abcde", false, true),
            ("a*c*e", "abcdef", false, false),
            ("  spaced  ", "spaced", false, true),
            ("!a.txt", "a.txt", false, false),
            ("!a.txt", "b.txt", false, true),
            ("!keep/", "keep", true, false),
            ("!keep/", "file", false, true),
        ];
        for (rules, path, is_folder, expected) in cases {
            let parsed = Rules::parse(rules).unwrap();
            assert_eq!(parsed.ignore(path, is_folder), expected, "{rules:?} {path:?}");
        }
    }

    #[test]
    fn lines_that_helm_refuses_are_refused_and_named() {
        for (text, line) in [("a\nb/**", 2), ("[a", 1), ("[]a]", 1), ("a\\", 1), ("[a-]", 1), ("[-a]", 1)] {
            assert_eq!(Rules::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
