//! The function `connection_uri`: the URI by which a client of an engine connects. Also the one place that knows how
//! each engine writes it; the ephemeral resource `kubeblocks_credentials` uses it too.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tfplugin::function::{Function, FunctionError, Parameter, Signature};
use tfplugin::raw::RawValue;
use tfplugin::types::Type;

/// What needs no escape in user, password and database (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The keys of the second argument.
const KEYS: [&str; 6] = ["database", "host", "password", "port", "tls", "username"];

/// How an engine's clients write an address.
struct Scheme {
    /// Engines and definitions that speak it.
    engines: &'static [&'static str],
    plain: &'static str,
    /// With `tls = "true"`; the same as `plain` where TLS is asked for by other means.
    encrypted: &'static str,
    port: u16,
}

const SCHEMES: [Scheme; 10] = [
    Scheme {
        engines: &["postgresql", "postgres", "official-postgresql", "apecloud-postgresql", "orioledb"],
        plain: "postgresql",
        encrypted: "postgresql",
        port: 5432,
    },
    Scheme {
        engines: &[
            "mysql",
            "apecloud-mysql",
            "oracle-mysql",
            "mariadb",
            "polardbx",
            "oceanbase",
            "foxlake",
            "starrocks",
        ],
        plain: "mysql",
        encrypted: "mysql",
        port: 3306,
    },
    Scheme { engines: &["redis", "pika"], plain: "redis", encrypted: "rediss", port: 6379 },
    Scheme { engines: &["mongodb", "mongodb-sharding"], plain: "mongodb", encrypted: "mongodb", port: 27017 },
    Scheme { engines: &["clickhouse"], plain: "clickhouse", encrypted: "clickhouse", port: 9000 },
    Scheme { engines: &["elasticsearch", "opensearch"], plain: "http", encrypted: "https", port: 9200 },
    Scheme { engines: &["qdrant"], plain: "http", encrypted: "https", port: 6333 },
    Scheme { engines: &["weaviate"], plain: "http", encrypted: "https", port: 8080 },
    Scheme { engines: &["etcd"], plain: "http", encrypted: "https", port: 2379 },
    Scheme { engines: &["pulsar"], plain: "pulsar", encrypted: "pulsar+ssl", port: 6650 },
];

/// What stands in a URI.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// User, when there is one.
    pub username: Option<&'a str>,
    /// Password, when there is one.
    pub password: Option<&'a str>,
    /// Name or address.
    pub host: &'a str,
    /// Port; the engine's usual one when absent.
    pub port: Option<u16>,
    /// Database, key space or number.
    pub database: Option<&'a str>,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// The URI for an engine, by its name or the name of a `ClusterDefinition`; `None` for one whose clients take no URI.
pub fn connection_uri(engine: &str, parts: Parts<'_>) -> Option<String> {
    let scheme = SCHEMES.iter().find(|scheme| scheme.engines.contains(&engine))?;
    let Parts { username, password, host, port, database, tls } = parts;
    let escape = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    let user = match (username, password) {
        (None, None) => String::new(),
        (username, None) => format!("{}@", escape(username.unwrap_or_default())),
        (username, Some(password)) => {
            format!("{}:{}@", escape(username.unwrap_or_default()), escape(password))
        }
    };
    let host =
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let database = database.map_or_else(String::new, |database| format!("/{}", escape(database)));
    let name = if tls { scheme.encrypted } else { scheme.plain };
    Some(format!("{name}://{user}{host}:{}{database}", port.unwrap_or(scheme.port)))
}

/// `provider::kubeblocks::connection_uri("postgresql", { host = ..., username = ... })`.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionUri;

impl Function for ConnectionUri {
    const NAME: &'static str = "connection_uri";

    fn signature(&self) -> Signature {
        let parameter = |name: &str, kind: Type, description: &str| Parameter {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
            allow_null: false,
            allow_unknown: false,
        };
        Signature {
            summary: "Writes the URI by which a client connects".to_owned(),
            description: "Puts user, password and address of a database together in the form that its clients read, with everything escaped that has a meaning of its own in a URI. Together with the ephemeral resource `kubeblocks_credentials` nothing of it is stored. A secret given to it stays marked as one.".to_owned(),
            parameters: vec![
                parameter("engine", Type::String, "The engine, by its ClusterDefinition: `postgresql`, `apecloud-mysql`, `mysql`, `redis`, `mongodb`, `clickhouse`, `elasticsearch`, `opensearch`, `qdrant`, `weaviate`, `etcd`, `pulsar` and others that speak the protocol of one of these."),
                parameter("parts", Type::Map(Box::new(Type::String)), "A map: `host` (required), `port` (default: the engine's), `username`, `password`, `database`, and `tls` (`true` for the engine's encrypted scheme, where it has one). Nulls are left out."),
            ],
            variadic_parameter: None,
            result: Type::String,
            deprecated: None,
        }
    }

    fn call(&self, arguments: Vec<RawValue>) -> Result<RawValue, FunctionError> {
        let engine = arguments.first().and_then(RawValue::as_str).unwrap_or_default();
        let Some(RawValue::Map(map)) = arguments.get(1) else {
            return Err(wrong_parts("it must be a map with at least `host`"));
        };
        let parts = read_parts(map)?;
        match connection_uri(engine, parts) {
            Some(uri) => Ok(RawValue::string(uri)),
            None => Err(FunctionError { argument: Some(0), message: unknown_engine(engine) }),
        }
    }
}

fn read_parts(map: &BTreeMap<String, RawValue>) -> Result<Parts<'_>, FunctionError> {
    if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let hint = nearest(key, KEYS.iter().copied())
            .map_or_else(String::new, |near| format!(" Did you mean \"{near}\"?"));
        return Err(wrong_parts(&format!("\"{key}\" is not one of {}.{hint}", KEYS.join(", "))));
    }
    let text = |key: &str| map.get(key).and_then(RawValue::as_str);
    let host =
        text("host").filter(|host| !host.is_empty()).ok_or_else(|| wrong_parts("`host` is missing"))?;
    let port = match text("port") {
        None => None,
        Some(port) => {
            Some(port.parse().map_err(|_| wrong_parts("`port` is not a port number from 0 to 65535"))?)
        }
    };
    let tls = match text("tls") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(wrong_parts("`tls` is neither true nor false")),
    };
    Ok(Parts {
        username: text("username"),
        password: text("password"),
        host,
        port,
        database: text("database"),
        tls,
    })
}

fn wrong_parts(message: &str) -> FunctionError {
    FunctionError { argument: Some(1), message: message.to_owned() }
}

fn unknown_engine(engine: &str) -> String {
    let known: Vec<&str> = SCHEMES.iter().flat_map(|scheme| scheme.engines.iter().copied()).collect();
    match nearest(engine, known.iter().copied()) {
        Some(near) => format!("no URI is known for the engine \"{engine}\". Did you mean \"{near}\"?"),
        None => format!("no URI is known for the engine \"{engine}\". Known are {}.", known.join(", ")),
    }
}

fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|word| (strsim::osa_distance(text, word), word))
        .filter(|(distance, word)| *distance <= word.len().max(text.len()) / 3)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(engine: &str, parts: &[(&str, &str)]) -> Result<String, FunctionError> {
        let map = RawValue::map(parts.iter().map(|(key, value)| (*key, RawValue::string(*value))));
        let result = ConnectionUri.call(vec![RawValue::string(engine), map])?;
        Ok(result.as_str().unwrap().to_owned())
    }

    #[test]
    fn each_engine_has_its_scheme_and_port_and_parts_are_escaped() {
        let full = [("host", "h.ns.svc"), ("username", "u@x"), ("password", "p:/?#é"), ("database", "a b")];
        for (engine, parts, expected) in [
            ("redis", vec![("host", "h")], "redis://h:6379"),
            ("redis", vec![("host", "h"), ("tls", "true"), ("port", "7000")], "rediss://h:7000"),
            ("redis", vec![("host", "h"), ("password", "s")], "redis://:s@h:6379"),
            ("postgresql", full.to_vec(), "postgresql://u%40x:p%3A%2F%3F%23%C3%A9@h.ns.svc:5432/a%20b"),
            ("apecloud-mysql", vec![("host", "h"), ("username", "root")], "mysql://root@h:3306"),
            ("mongodb", vec![("host", "fd00::1")], "mongodb://[fd00::1]:27017"),
            ("opensearch", vec![("host", "h"), ("tls", "true")], "https://h:9200"),
        ] {
            assert_eq!(call(engine, &parts).as_deref(), Ok(expected), "{engine} {parts:?}");
        }
    }

    #[test]
    fn a_null_part_is_left_out() {
        let parts = RawValue::map([("host", RawValue::string("h")), ("username", RawValue::Null)]);
        let uri = ConnectionUri.call(vec![RawValue::string("redis"), parts]).unwrap();
        assert_eq!(uri.as_str(), Some("redis://h:6379"));
    }

    #[test]
    fn wrong_arguments_are_named_with_what_would_be_right_and_never_repeat_a_secret() {
        let secret = "topsecret";
        for (engine, parts, argument, says) in [
            ("postgressql", vec![("host", "h"), ("password", secret)], 0, "Did you mean \"postgresql\""),
            ("kafka", vec![("host", "h"), ("password", secret)], 0, "no URI is known"),
            ("redis", vec![("password", secret)], 1, "`host` is missing"),
            ("redis", vec![("host", "h"), ("pasword", secret)], 1, "Did you mean \"password\""),
            ("redis", vec![("host", "h"), ("port", secret)], 1, "`port` is not"),
            ("redis", vec![("host", "h"), ("tls", secret)], 1, "`tls` is neither"),
        ] {
            let error = call(engine, &parts).unwrap_err();
            assert_eq!(error.argument, Some(argument), "{error:?}");
            assert!(error.message.contains(says), "{error:?}");
            assert!(!error.message.contains(secret), "{error:?}");
        }
    }
}
