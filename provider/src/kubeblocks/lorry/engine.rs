//! How the engines differ: how lorry of KubeBlocks v0.7 writes a password into a statement, and what a role is. Pure.
//!
//! Lorry puts texts into statements as they are, without quoting them. So what is given to it is quoted here as each engine
//! reads it. A password that changes never goes by way of a deletion, which would end what belongs to the account, or be
//! refused because of it:
//!
//! - `PostgreSQL`, MySQL: lorry's `exec` runs an `ALTER USER`.
//! - Redis: what makes an account also changes it. Lorry splits its rules at each space, and makes accounts that cannot log
//!   in; so the place of the password takes several rules: another secret, which is forgotten at once, the digest of the
//!   password, which may then hold spaces, and `on`.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::protocol::Call;

/// An engine whose accounts lorry manages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// MySQL and what speaks like it.
    Mysql,
    /// `PostgreSQL`.
    Postgresql,
    /// Redis 6 and later.
    Redis,
}

/// What an account may do with all data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    ReadOnly,
    /// Read and write.
    ReadWrite,
    /// Everything.
    Superuser,
}

impl Role {
    /// All roles, the weakest first.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::ReadWrite, Self::Superuser];

    /// The role as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readonly",
            Self::ReadWrite => "readwrite",
            Self::Superuser => "superuser",
        }
    }

    /// The role that is written so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl Engine {
    /// The engine of a `characterType`.
    pub fn of(character: &str) -> Option<Self> {
        [Self::Mysql, Self::Postgresql, Self::Redis]
            .into_iter()
            .find(|engine| engine.character() == character)
    }

    /// Its `characterType`.
    pub fn character(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgresql => "postgresql",
            Self::Redis => "redis",
        }
    }

    /// Whether its list of accounts has their roles.
    pub(super) fn lists_roles(self) -> bool {
        match self {
            Self::Postgresql => true,
            Self::Mysql | Self::Redis => false,
        }
    }

    /// Makes an account.
    pub fn create(self, name: &str, password: &str) -> Call {
        let password = match self {
            Self::Postgresql | Self::Mysql => self.quoted(password),
            Self::Redis => rules(password),
        };
        Call::new("createUser", [("userName", name), ("password", &password)])
    }

    /// Gives an account another password.
    pub fn set_password(self, name: &str, password: &str) -> Call {
        let statement = match self {
            Self::Postgresql => format!("ALTER USER {name} WITH PASSWORD '{}';", self.quoted(password)),
            Self::Mysql => format!("ALTER USER '{name}'@'%' IDENTIFIED BY '{}';", self.quoted(password)),
            Self::Redis => return self.create(name, password),
        };
        Call::new("exec", [("sql", &statement)])
    }

    /// Gives an account a role; `current` is the one that it has, or `customized`.
    pub fn change_role(self, name: &str, current: Option<&str>, wanted: Role) -> Vec<Call> {
        let call = |operation: &'static str, role: Role| {
            Call::new(operation, [("userName", name), ("roleName", role.as_str())])
        };
        let grant = |role| call("grantUserRole", role);
        let revoke = |role| call("revokeUserRole", role);
        match self {
            // Lorry's readwrite is the right to write, without the one to read.
            Self::Postgresql => {
                let kept: &[Role] = match wanted {
                    Role::ReadWrite => &[Role::ReadOnly, Role::ReadWrite],
                    Role::ReadOnly => &[Role::ReadOnly],
                    Role::Superuser => &[Role::Superuser],
                };
                let granted = kept.iter().map(|role| grant(*role));
                let taken = Role::ALL.into_iter().filter(|role| current.is_some() && !kept.contains(role));
                granted.chain(taken.map(revoke)).collect()
            }
            // Each role is the one before it and more; taking the largest takes all.
            Self::Mysql => match current.map(Role::from_name) {
                Some(Some(current)) if current <= wanted => vec![grant(wanted)],
                None => vec![grant(wanted)],
                Some(_) => vec![revoke(Role::Superuser), grant(wanted)],
            },
            // Each grant begins with taking everything.
            Self::Redis => vec![grant(wanted)],
        }
    }

    /// A text as it stands between the quotes of a statement.
    fn quoted(self, text: &str) -> String {
        let text = if self == Self::Mysql { text.replace('\\', "\\\\") } else { text.to_owned() };
        text.replace('\'', "''")
    }
}

/// The digest by which Redis knows a password.
pub(super) fn digest(password: &str) -> String {
    Sha256::digest(password).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The rules that follow `>` in Redis: a secret that goes again, the password's digest, and the right to log in.
fn rules(password: &str) -> String {
    let digest = digest(password);
    format!("{digest} resetpass #{digest} on")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(call: &Call) -> String {
        let texts: Vec<&str> = call.texts.values().map(String::as_str).collect();
        format!("{} {}", call.operation, texts.join(" "))
    }

    #[test]
    fn a_password_is_quoted_as_the_engine_reads_it() {
        let password = r"it's \ 1";
        for (engine, created, changed) in [
            (
                Engine::Postgresql,
                r"createUser it''s \ 1 app",
                r"exec ALTER USER app WITH PASSWORD 'it''s \ 1';",
            ),
            (
                Engine::Mysql,
                r"createUser it''s \\ 1 app",
                r"exec ALTER USER 'app'@'%' IDENTIFIED BY 'it''s \\ 1';",
            ),
        ] {
            assert_eq!(texts(&engine.create("app", password)), created);
            assert_eq!(texts(&engine.set_password("app", password)), changed);
        }
        let redis = Engine::Redis.create("app", password);
        let given = &redis.texts["password"];
        assert!(
            !given.contains("it's") && given.ends_with(" on") && given.contains(" resetpass #"),
            "{given}"
        );
        assert_eq!(given.split(' ').count(), 4, "each rule is a word of its own");
        assert!(redis == Engine::Redis.set_password("app", password));
    }

    #[test]
    fn a_role_replaces_the_one_before() {
        let calls = |engine: Engine, current: Option<&str>, wanted| {
            let calls = engine.change_role("app", current, wanted);
            let sign = |call: &Call| if call.operation == "grantUserRole" { '+' } else { '-' };
            let each = calls.iter().map(|call| format!("{}{}", sign(call), call.texts["roleName"]));
            each.collect::<Vec<_>>().join(" ")
        };
        for (engine, current, wanted, expected) in [
            (Engine::Postgresql, None, Role::ReadOnly, "+readonly"),
            (Engine::Postgresql, None, Role::ReadWrite, "+readonly +readwrite"),
            (Engine::Postgresql, Some("readwrite"), Role::ReadOnly, "+readonly -readwrite -superuser"),
            (Engine::Postgresql, Some("customized"), Role::Superuser, "+superuser -readonly -readwrite"),
            (Engine::Mysql, None, Role::ReadOnly, "+readonly"),
            (Engine::Mysql, Some("readonly"), Role::Superuser, "+superuser"),
            (Engine::Mysql, Some("superuser"), Role::ReadOnly, "-superuser +readonly"),
            (Engine::Mysql, Some("customized"), Role::ReadWrite, "-superuser +readwrite"),
            (Engine::Redis, Some("superuser"), Role::ReadOnly, "+readonly"),
        ] {
            assert_eq!(calls(engine, current, wanted), expected, "{engine:?} {current:?} {wanted:?}");
        }
    }

    #[test]
    fn names_lead_back_to_engines_and_roles() {
        for engine in [Engine::Mysql, Engine::Postgresql, Engine::Redis] {
            assert_eq!(Engine::of(engine.character()), Some(engine));
        }
        assert_eq!(Engine::of("kafka"), None);
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
        }
        assert_eq!(Role::from_name("customized"), None);
    }
}
