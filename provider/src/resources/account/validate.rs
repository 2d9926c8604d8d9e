//! What is wrong with an account as it is written. Pure and offline.
#![allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]

use tfplugin::prelude::*;

use super::schema::AccountState;
use crate::kubeblocks::lorry::Role;
use crate::resources::texts::one_of;

/// The longest name that MySQL has; the mark of an unfinished create has no room for more either.
const LONGEST_NAME: usize = 32;
/// What the names of the operator's own accounts begin with. Lorry lists none of them.
const SYSTEM_PREFIX: &str = "kb";
/// Accounts that engines bring along.
const SYSTEM_NAMES: [&str; 3] = ["root", "postgres", "default"];

/// Whether the operator or the engine itself makes the account of this name.
pub fn is_of_the_system(name: &str) -> bool {
    name.starts_with(SYSTEM_PREFIX) || SYSTEM_NAMES.contains(&name)
}

/// The name of an account. Lorry puts it into statements as it is, so it must be a plain word to every engine.
pub(crate) fn account_name(name: &String) -> Result<(), String> {
    if is_of_the_system(name) {
        return Err(format!(
            "{name:?} is an account of the system: names that begin with \"kb\", and \"root\", \"postgres\" and \"default\", are those of the operator and of the engines. Read their passwords with the ephemeral resource `kubeblocks_credentials`, and choose another name for an account of your own"
        ));
    }
    let is_plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
    let starts_well = name.starts_with(|one: char| one.is_ascii_lowercase() || one == '_');
    let ends_well = name.ends_with(|one: char| one.is_ascii_lowercase() || one.is_ascii_digit());
    if name.len() > LONGEST_NAME || !name.chars().all(is_plain) || !starts_well || !ends_well {
        return Err(format!(
            "{name:?} is no name for an account: it has lower-case letters, digits and `_`, at most {LONGEST_NAME}, begins with a letter or `_`, and ends with a letter or a digit"
        ));
    }
    Ok(())
}

/// The role of an account.
pub(super) fn role(text: &String) -> Result<(), String> {
    one_of(text, &Role::ALL.map(Role::as_str))
}

/// Checks of several attributes together.
pub fn config(config: &AccountState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    if let Some(password) = config.password.known()
        && let Err(why) = password_text(password)
    {
        let wrong = Diagnostic::error("Password cannot be used", why);
        diagnostics.push(wrong.at(Path::attribute("password")));
    }
    if config.password.is_null() && !config.password_revision.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Password is missing",
                "`password_revision` says when `password` is set again, which is not written. Write `password`, or take `password_revision` out.",
            )
            .at(Path::attribute("password")),
        );
    }
}

fn password_text(password: &str) -> Result<(), String> {
    if password.is_empty() {
        return Err("It is empty, and KubeBlocks makes no account without a password.".to_owned());
    }
    if password.chars().any(char::is_control) {
        return Err(
            "It has a control character, such as a line break, which no program could log in with. Does it come from a file? `trimspace(file(...))` takes the last line break off."
                .to_owned(),
        );
    }
    Ok(())
}

/// What stands against making an account that has no password.
pub fn plan(prior: Option<&AccountState>, config: &AccountState) -> Option<Diagnostic> {
    if prior.is_some() || !config.password.is_null() {
        return None;
    }
    let missing = Diagnostic::error(
        "Password is missing",
        "The account is about to be made, which needs a `password`. It is never stored, so write it also when the account is made again. To manage an account that exists already, import it.",
    );
    Some(missing.at(Path::attribute("password")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn names_are_plain_words_to_every_engine_and_not_those_of_the_system() {
        for (name, expected) in [
            ("app", None),
            ("_app_2", None),
            ("a", None),
            (&"a".repeat(32), None),
            (&"a".repeat(33), Some("at most 32")),
            ("", Some("no name")),
            ("2app", Some("no name")),
            ("App", Some("lower-case")),
            ("my-app", Some("no name")),
            ("app_", Some("ends with")),
            ("app'; DROP", Some("no name")),
            ("app on", Some("no name")),
            ("kbadmin", Some("kubeblocks_credentials")),
            ("kb", Some("account of the system")),
            ("root", Some("account of the system")),
            ("postgres", Some("account of the system")),
            ("default", Some("account of the system")),
        ] {
            match (account_name(&name.to_owned()), expected) {
                (Ok(()), None) => {}
                (Err(found), Some(part)) => assert!(found.contains(part), "{found}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_password_is_there_when_it_is_needed_and_can_be_typed() {
        let every: String = (' '..='~').chain(['é', '火']).collect();
        for (password, revision, expected) in [
            (text(&every), Value::Known(1), None),
            (text("x"), Value::Null, None),
            (Value::Unknown, Value::Known(1), None),
            (Value::Null, Value::Null, None),
            (Value::Null, Value::Known(1), Some("is not written")),
            (text(""), Value::Null, Some("empty")),
            (text("line\n"), Value::Null, Some("control character")),
            (text("tab\t"), Value::Null, Some("control character")),
        ] {
            let mut diagnostics = Diagnostics::new();
            let state = AccountState { password, password_revision: revision, ..AccountState::default() };
            config(&state, &mut diagnostics);
            let found: Vec<String> = diagnostics.into_iter().map(|found| found.detail).collect();
            match expected {
                None => assert!(found.is_empty(), "{found:?}"),
                Some(part) => {
                    assert!(found.iter().all(|found| found.contains(part)) && found.len() == 1, "{found:?}");
                }
            }
        }
    }

    #[test]
    fn only_a_create_needs_a_password() {
        let without = AccountState::default();
        let with = AccountState { password: text("x"), ..AccountState::default() };
        assert!(plan(None, &without).is_some());
        assert!(plan(None, &with).is_none());
        assert!(plan(Some(&without), &without).is_none());
    }
}
