//! Takes secrets out of what helm says, before anybody reads it. Pure.
//!
//! A secret is replaced wherever it stands: as it is, as base64 (as in a Secret's `data`), as it is written inside of
//! quotes, and each line of one that has several. A secret of one to three characters is replaced only where it stands
//! as a word, as it would otherwise tear words apart and be told by the holes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// What stands in the place of a secret.
pub const HIDDEN: &str = "(sensitive)";

/// Below this length a secret is replaced as a word only.
const ANYWHERE_FROM: usize = 4;

/// The forms of all secrets, longest first, so that a secret inside of another one leaves nothing of the other.
#[derive(Clone, Default)]
pub struct Redaction {
    forms: Vec<String>,
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redaction").field("forms", &self.forms.len()).finish()
    }
}

impl Redaction {
    /// Hides these secrets. Empty ones are passed over.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut forms: Vec<String> =
            secrets.into_iter().flat_map(|secret| forms_of(secret.as_ref())).collect();
        forms.retain(|form| !form.trim().is_empty());
        forms.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        forms.dedup();
        Self { forms }
    }

    /// The text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| {
            if form.len() >= ANYWHERE_FROM {
                text.replace(form.as_str(), HIDDEN)
            } else {
                replace_words(&text, form)
            }
        })
    }
}

fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), secret.trim().to_owned()];
    if secret.len() >= ANYWHERE_FROM {
        forms.push(STANDARD.encode(secret));
        forms.push(STANDARD_NO_PAD.encode(secret));
    }
    // Between quotes, as JSON, YAML and Go write it.
    let quoted = serde_json::Value::from(secret).to_string();
    forms.push(quoted.trim_matches('"').to_owned());
    if secret.contains('\n') {
        forms.extend(secret.lines().map(|line| line.trim().to_owned()));
    }
    forms
}

/// Replaces `word` where neither a letter nor a digit touches it.
fn replace_words(text: &str, word: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let last = before.chars().next_back().or_else(|| replaced.chars().next_back());
        let touches = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        let inside = touches(last) || touches(after.chars().next());
        replaced.push_str(before);
        replaced.push_str(if inside { word } else { HIDDEN });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let redaction =
            Redaction::new(["p4ss\"word", "line one\n  line two\n", "abc", "", "nested-p4ss\"word-more"]);
        let base64 = STANDARD.encode("p4ss\"word");
        let cases = [
            ("the password is p4ss\"word!", "the password is (sensitive)!"),
            (r#"got "p4ss\"word""#, r#"got "(sensitive)""#),
            (base64.as_str(), "(sensitive)"),
            (base64.trim_end_matches('='), "(sensitive)"),
            ("x: line one\n  y: line two", "x: (sensitive)\n  y: (sensitive)"),
            ("nested-p4ss\"word-more", "(sensitive)"),
            ("value abc, \"abc\" but abcd and 1abc", "value (sensitive), \"(sensitive)\" but abcd and 1abc"),
            ("abcabc", "abcabc"),
            ("nothing here", "nothing here"),
        ];
        for (text, expected) in cases {
            assert_eq!(redaction.apply(text), expected);
        }
    }

    #[test]
    fn without_secrets_the_text_stays() {
        assert_eq!(Redaction::new([""]).apply("a  b"), "a  b");
    }

    #[test]
    fn its_debug_output_shows_no_secret() {
        assert!(!format!("{:?}", Redaction::new(["hunter2"])).contains("hunter2"));
    }
}
