//! What lorry of KubeBlocks v0.7 is asked and how it answers. Pure.
//!
//! A request is an operation with texts. An answer is an `event`, a `message`, and `metadata` with the statement that lorry
//! ran. Message and statement repeat a password, also of a success, so nothing of an answer is shown as it is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::engine::digest;
use super::error::LorryError;
use crate::helm::redact::{HIDDEN, Redaction};

/// An operation with what it needs. It may hold a password, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation.
    pub operation: &'static str,
    /// What it needs, by lorry's own names.
    pub texts: BTreeMap<&'static str, String>,
}

impl Call {
    /// An operation.
    pub(super) fn new<const N: usize>(operation: &'static str, texts: [(&'static str, &str); N]) -> Self {
        let texts = texts.into_iter().map(|(name, text)| (name, text.to_owned())).collect();
        Self { operation, texts }
    }

    /// Names of the accounts of people, not of those that the operator makes.
    pub fn list() -> Self {
        Self::new("listUsers", [])
    }

    /// The role of an account.
    pub fn describe(name: &str) -> Self {
        Self::new("describeUser", [("userName", name)])
    }

    /// Removes an account.
    pub fn delete(name: &str) -> Self {
        Self::new("deleteUser", [("userName", name)])
    }

    /// The body of the request.
    pub fn body(&self) -> String {
        json!({ "operation": self.operation, "metadata": self.texts }).to_string()
    }
}

/// What of a call must not be seen: the password, and each text with it in another form.
pub fn redaction(password: &str, call: &Call) -> Redaction {
    let forms = ["password", "sql"].into_iter().filter_map(|name| call.texts.get(name).map(String::as_str));
    let escaped =
        [password.replace('\'', "''"), password.replace('\\', "\\\\").replace('\'', "''"), digest(password)];
    Redaction::new(forms.chain([password]).chain(escaped.iter().map(String::as_str)))
}

/// Why lorry did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The engine is starting.
    NotReady,
    /// The engine has no such operation.
    NotImplemented,
    /// Anything else.
    Failed {
        /// The engine's words.
        message: String,
    },
}

/// The message of an answer.
pub fn message(answer: &str, secrets: &Redaction) -> Result<String, Refusal> {
    let failed = |text: &str| Err(Refusal::Failed { message: reason(text, secrets) });
    let Ok(answer) = serde_json::from_str::<Json>(answer.trim()) else {
        // Lorry writes the failure of an operation as plain text.
        return match answer.trim() {
            "" => failed("it answered nothing"),
            text => failed(text),
        };
    };
    let message = match &answer["message"] {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    match answer["event"].as_str() {
        Some("Success") => Ok(message),
        Some("NotImplemented") => Err(Refusal::NotImplemented),
        // What the server of an earlier 0.7 answers.
        None if !answer["errorCode"].is_null() => Err(Refusal::NotImplemented),
        _ if message == "db not ready" => Err(Refusal::NotReady),
        _ if message.is_empty() => failed("it gave no reason"),
        _ => failed(&message),
    }
}

/// The engine's words: without the statement before them, and without secrets.
fn reason(text: &str, secrets: &Redaction) -> String {
    let statement_gone = if text.starts_with("exec sql:") {
        text.rsplit_once(" failed: ").map(|(_, reason)| reason)
    } else if text.starts_with("error executing ") {
        text.rsplit_once(": Error ").map(|(_, reason)| reason)
    } else {
        Some(text)
    };
    // A statement that has no end would be the whole text.
    let kept = statement_gone.unwrap_or(HIDDEN);
    secrets.apply(kept).chars().take(1000).collect()
}

/// An account, as lorry tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Name.
    #[serde(rename = "userName")]
    pub name: String,
    /// `superuser`, `readwrite`, `readonly`, `customized` when it is none of them; absent without any right.
    #[serde(rename = "roleName", default)]
    pub role: Option<String>,
}

/// The accounts in a message.
pub fn users(message: &str) -> Result<Vec<User>, LorryError> {
    // An engine without accounts may write null.
    let users: Option<Vec<User>> = serde_json::from_str(message).map_err(|error| LorryError::Garbled {
        cause: format!("its list of accounts is no list: {error}"),
    })?;
    Ok(users
        .unwrap_or_default()
        .into_iter()
        .map(|user| User { role: user.role.filter(|role| !role.is_empty()), ..user })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::engine::Engine;
    use super::*;

    /// Every printable character, once.
    fn printable() -> String {
        (' '..='~').collect()
    }

    #[test]
    fn a_request_carries_every_character() {
        let password = printable();
        let call = Call::new("createUser", [("userName", "app"), ("password", &password)]);
        let body: Json = serde_json::from_str(&call.body()).unwrap();
        assert_eq!(
            body,
            json!({"operation": "createUser", "metadata": {"userName": "app", "password": password}})
        );
        assert_eq!(Call::list().body(), r#"{"metadata":{},"operation":"listUsers"}"#);
    }

    #[test]
    fn an_answer_is_a_message_or_a_reason() {
        let failed = |message: &str| Err(Refusal::Failed { message: message.to_owned() });
        for (answer, expected) in [
            (r#"{"event":"Success","message":"[]"}"#, Ok("[]".to_owned())),
            (r#"{"event":"Success","count":0}"#, Ok(String::new())),
            (
                r#"{"event":"NotImplemented","message":"x is not implemented for etcd"}"#,
                Err(Refusal::NotImplemented),
            ),
            (r#"{"errorCode":"ERR_INVOKE_OUTPUT_BINDING","message":"x"}"#, Err(Refusal::NotImplemented)),
            (r#"{"event":"Failed","message":"db not ready"}"#, Err(Refusal::NotReady)),
            (r#"{"event":"Failed","message":"no username provided"}"#, failed("no username provided")),
            (r#"{"event":"Failed"}"#, failed("it gave no reason")),
            (
                r#"{"event":"Failed","message":"exec sql:CREATE USER app WITH PASSWORD 'x failed: y'; failed: ERROR: role \"app\" already exists (SQLSTATE 42710)"}"#,
                failed("ERROR: role \"app\" already exists (SQLSTATE 42710)"),
            ),
            (
                r#"{"event":"Failed","message":"error executing CREATE USER 'app'@'%' IDENTIFIED BY 'x';: Error 1396 (HY000): Operation CREATE USER failed"}"#,
                failed("1396 (HY000): Operation CREATE USER failed"),
            ),
            (
                r#"{"event":"Failed","message":"exec sql:CREATE USER app WITH PASSWORD 'hunter2"}"#,
                failed(HIDDEN),
            ),
            ("exec ops failed: no route", failed("exec ops failed: no route")),
            ("", failed("it answered nothing")),
        ] {
            assert_eq!(message(answer, &Redaction::default()), expected, "{answer}");
        }
    }

    #[test]
    fn no_form_of_a_password_is_in_a_reason() {
        for password in ["it's", r"back\slash'quote", "pa\"ss word", &printable()] {
            for engine in [Engine::Postgresql, Engine::Mysql, Engine::Redis] {
                for call in [engine.create("app", password), engine.set_password("app", password)] {
                    let secrets = redaction(password, &call);
                    for text in call.texts.values().filter(|text| *text != "app") {
                        for echoed in
                            [text.clone(), json!(text).to_string(), format!("near {password} there")]
                        {
                            let answer = json!({"event": "Failed", "message": echoed}).to_string();
                            let Err(Refusal::Failed { message }) = message(&answer, &secrets) else {
                                panic!("{answer}");
                            };
                            assert!(message.contains(HIDDEN), "{message}");
                            assert!(!message.contains(password), "{message}");
                            assert!(!message.contains(text.as_str()), "{message}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn accounts_are_read_with_and_without_roles() {
        let user =
            |name: &str, role: Option<&str>| User { name: name.to_owned(), role: role.map(str::to_owned) };
        for (message, expected) in [
            (
                r#"[{"userName":"a","expired":"F","roleName":"readonly"},{"userName":"b"}]"#,
                vec![user("a", Some("readonly")), user("b", None)],
            ),
            (r#"[{"userName":"a","roleName":""}]"#, vec![user("a", None)]),
            ("[]", vec![]),
            ("null", vec![]),
        ] {
            assert_eq!(users(message).unwrap(), expected, "{message}");
        }
        assert!(users("not a list").unwrap_err().to_string().contains("no list"));
    }
}
