//! Rules for names, as the Kubernetes API and KubeBlocks have them. Each refusal says the rule and, where there is
//! an obvious one, a name that would be taken.

use std::fmt;

/// What a name is for; decides on its length and its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A database cluster. Shorter than the API's limit, so that the names made from it fit.
    Cluster,
    /// A component of a cluster, or of a cluster definition.
    Component,
    /// A further Service of a component.
    Service,
    /// A volume of a component.
    Volume,
    /// A namespace.
    Namespace,
    /// Any other object that is referred to, such as a cluster definition.
    Object,
}

/// Rule of one kind of name.
struct Rule {
    name: &'static str,
    max_length: usize,
    /// Whether the first character must be a letter.
    starts_with_letter: bool,
    /// Whether dots may stand inside.
    dots: bool,
}

impl NameKind {
    fn rule(self) -> Rule {
        let rule =
            |name, max_length, starts_with_letter, dots| Rule { name, max_length, starts_with_letter, dots };
        match self {
            Self::Cluster => rule("cluster", 15, true, false),
            Self::Component => rule("component", 22, true, false),
            Self::Service => rule("service", 15, true, false),
            Self::Volume => rule("volume", 63, true, false),
            Self::Namespace => rule("namespace", 63, false, false),
            Self::Object => rule("object", 63, false, true),
        }
    }

    /// The most characters that such a name may have.
    pub fn max_length(self) -> usize {
        self.rule().max_length
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.rule().name)
    }
}

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("a {kind} name is empty; it has 1 to {} characters", .kind.max_length())]
    Empty {
        /// What the name is for.
        kind: NameKind,
    },
    /// It is too long.
    #[error("{kind} name {name:?} has {length} characters, {} are allowed", .kind.max_length())]
    TooLong {
        /// What the name is for.
        kind: NameKind,
        /// What was written.
        name: String,
        /// How many characters it has.
        length: usize,
    },
    /// A character is not allowed.
    #[error("{kind} name {name:?} may not have {character:?}; {}{}", characters(*.kind), proposal(.suggestion.as_deref()))]
    Character {
        /// What the name is for.
        kind: NameKind,
        /// What was written.
        name: String,
        /// The first wrong character.
        character: char,
        /// A name that would be taken.
        suggestion: Option<String>,
    },
    /// It begins or ends with a character that may only stand inside.
    #[error("{kind} name {name:?} {}{}", edges(*.kind), proposal(.suggestion.as_deref()))]
    Edge {
        /// What the name is for.
        kind: NameKind,
        /// What was written.
        name: String,
        /// A name that would be taken.
        suggestion: Option<String>,
    },
}

impl NameError {
    /// A name that would be taken, where there is an obvious one.
    pub fn suggestion(&self) -> Option<&str> {
        match self {
            Self::Empty { .. } | Self::TooLong { .. } => None,
            Self::Character { suggestion, .. } | Self::Edge { suggestion, .. } => suggestion.as_deref(),
        }
    }
}

fn characters(kind: NameKind) -> &'static str {
    if kind.rule().dots {
        "it has lower-case letters, digits, '-' and '.'"
    } else {
        "it has lower-case letters, digits and '-'"
    }
}

fn edges(kind: NameKind) -> &'static str {
    if kind.rule().starts_with_letter {
        "must begin with a letter and end with a letter or digit"
    } else {
        "must begin and end with a letter or digit"
    }
}

fn proposal(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; {name:?} would do"))
}

/// Checks a name.
///
/// # Errors
/// The first rule that the name breaks.
pub fn check_name(kind: NameKind, name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { kind });
    }
    let rule = kind.rule();
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (rule.dots && c == '.');
    let owned = || name.to_owned();
    if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character { kind, name: owned(), character, suggestion: suggest(kind, name) });
    }
    let length = name.chars().count();
    if length > rule.max_length {
        return Err(NameError::TooLong { kind, name: owned(), length });
    }
    let first_fits = |c: char| c.is_ascii_lowercase() || (!rule.starts_with_letter && c.is_ascii_digit());
    let last_fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.starts_with(first_fits) || !name.ends_with(last_fits) {
        return Err(NameError::Edge { kind, name: owned(), suggestion: suggest(kind, name) });
    }
    Ok(())
}

/// The name with every wrong character replaced or dropped, if that gives a name at all.
fn suggest(kind: NameKind, name: &str) -> Option<String> {
    let rule = kind.rule();
    let replaced: String = name
        .to_lowercase()
        .chars()
        .map(
            |c| if c.is_ascii_lowercase() || c.is_ascii_digit() || (rule.dots && c == '.') { c } else { '-' },
        )
        .collect();
    let trimmed = replaced.trim_matches(['-', '.']);
    let trimmed = if rule.starts_with_letter {
        trimmed.trim_start_matches(|c: char| !c.is_ascii_lowercase())
    } else {
        trimmed
    };
    let cut: String = trimmed.chars().take(rule.max_length).collect();
    let suggestion = cut.trim_end_matches(['-', '.']).to_owned();
    (!suggestion.is_empty()).then_some(suggestion)
}

/// Why a label is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The part of a key after the slash is wrong.
    #[error(
        "label key {key:?} needs 1 to 63 letters, digits, '-', '_' or '.' after the optional prefix, \
         with a letter or digit at both ends, for example \"team\" or \"example.com/team\""
    )]
    Key {
        /// The key.
        key: String,
    },
    /// The prefix of a key is no DNS name.
    #[error("label key {key:?} has a prefix that is no DNS name, for example \"example.com/team\"")]
    Prefix {
        /// The key.
        key: String,
    },
    /// A value is wrong.
    #[error(
        "label value {value:?} may be empty or have up to 63 letters, digits, '-', '_' or '.', \
         with a letter or digit at both ends"
    )]
    Value {
        /// The value.
        value: String,
    },
}

fn is_label_part(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63 && text.chars().all(inner) && text.starts_with(edge) && text.ends_with(edge)
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Checks the key of a label or of a taint, or a topology key.
///
/// # Errors
/// When Kubernetes would refuse the key.
pub fn check_label_key(key: &str) -> Result<(), LabelError> {
    let name = match key.split_once('/') {
        Some((prefix, _)) if !is_dns_name(prefix) => return Err(LabelError::Prefix { key: key.to_owned() }),
        Some((_, name)) => name,
        None => key,
    };
    if is_label_part(name) { Ok(()) } else { Err(LabelError::Key { key: key.to_owned() }) }
}

/// Checks the value of a label or of a taint.
///
/// # Errors
/// When Kubernetes would refuse the value.
pub fn check_label_value(value: &str) -> Result<(), LabelError> {
    if value.is_empty() || is_label_part(value) {
        Ok(())
    } else {
        Err(LabelError::Value { value: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::NameKind::{Cluster, Component, Namespace, Object, Service, Volume};
    use super::{check_label_key, check_label_value, check_name};

    #[test]
    fn names_within_the_rules_are_taken() {
        let longest = "a".repeat(63);
        for (kind, name) in [
            (Cluster, "orders"),
            (Cluster, "a"),
            (Cluster, "fifteen-chars-x"),
            (Component, "twenty-two-characters1"),
            (Service, "lb"),
            (Volume, "data-log"),
            (Namespace, "9to5"),
            (Namespace, &longest),
            (Object, "oceanbase-4.2.0.0-100010032023083021"),
        ] {
            assert_eq!(check_name(kind, name), Ok(()), "{kind} {name}");
        }
    }

    #[test]
    fn a_refused_name_says_the_rule_and_what_would_do() {
        let too_long = "a".repeat(64);
        for (kind, name, part, suggestion) in [
            (Cluster, "", "is empty; it has 1 to 15", None),
            (Cluster, "sixteen-chars-xx", "has 16 characters, 15 are allowed", None),
            (Cluster, "Orders", "may not have 'O'", Some("orders")),
            (Cluster, "my_db", "may not have '_'", Some("my-db")),
            (Cluster, "a.b", "may not have '.'", Some("a-b")),
            (Cluster, "1db", "must begin with a letter", Some("db")),
            (Cluster, "db-", "end with a letter or digit", Some("db")),
            (Cluster, "---", "must begin with a letter", None),
            (Cluster, "bestellübersicht", "may not have 'ü'", Some("bestell-bersich")),
            (Component, "twenty-three-characters", "has 23 characters, 22 are allowed", None),
            (Service, "sixteen-chars-xx", "15 are allowed", None),
            (Volume, "2data", "must begin with a letter", Some("data")),
            (Namespace, "-x", "must begin and end with a letter or digit", Some("x")),
            (Object, "a/b", "lower-case letters, digits, '-' and '.'", Some("a-b")),
            (Object, &too_long, "has 64 characters", None),
        ] {
            let error = check_name(kind, name).expect_err(name);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(error.suggestion(), suggestion, "{error}");
            if let Some(suggestion) = suggestion {
                assert_eq!(check_name(kind, suggestion), Ok(()), "the suggestion {suggestion} is taken");
            }
        }
    }

    #[test]
    fn labels_follow_the_rules_of_kubernetes() {
        for key in ["team", "kubernetes.io/hostname", "a/b", "Team_1.x", "topology.kubernetes.io/zone"] {
            assert_eq!(check_label_key(key), Ok(()), "{key}");
        }
        let long = format!("x/{}", "a".repeat(64));
        for key in ["", "/team", "a/", "-team", "team-", "a b", "a/b/c", "Example.com/x", "a..b/x", &long] {
            assert!(check_label_key(key).is_err(), "{key}");
        }
        for value in ["", "a", "v1.2_3", "A-b"] {
            assert_eq!(check_label_value(value), Ok(()), "{value}");
        }
        for value in ["-a", "a-", "a b", "a/b", "ä", &"a".repeat(64)] {
            assert!(check_label_value(value).is_err(), "{value}");
        }
    }
}
