//! The attribute `values`: from Terraform's value to the options of helm that carry it, and back. Pure.
//!
//! They travel as `spec.helm.installOptions` of the `Addon`, as helm's options `--set-json` and `--set-string`. Of all
//! the places in an `Addon` that hold values it is the only one that is a map: server-side apply can own single keys of
//! it, and an upgrade of the operator's chart, which writes the others, leaves them alone. Lists such as
//! `installValues.setJSONValues` are owned as a whole, so that either side would remove the values of the other.
//!
//! helm takes values files first, then `--set-json`, then `--set`, then `--set-string`. So these values go before those
//! of the add-on's files; where an add-on sets the same text with `--set`, `--set-string` goes before that.

use serde_json::{Map, Value as Json};
use tfplugin::codec::encode_json;
use tfplugin::raw::{Number, RawValue};
use tfplugin::types::Type;

/// The option that carries values of every type.
pub const SET_JSON: &str = "set-json";
/// The option that carries texts that the add-on itself sets with `--set`.
pub const SET_STRING: &str = "set-string";
/// What an argument of a command may have on Linux is 128 KiB.
pub const MOST_BYTES: usize = 100 * 1024;

/// Values that cannot be handed to the chart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The add-on sets it with an option that goes before ours.
    #[error("the add-on sets {path} itself")]
    SetByAddon {
        /// Where the value would go.
        path: String,
        /// What the add-on says.
        theirs: String,
    },
}

/// Whether both are the same values, whatever types Terraform gave them.
pub fn same_values(prior: &RawValue, config: &RawValue) -> bool {
    match (to_json(prior), to_json(config)) {
        (Some(prior), Some(config)) => prior == config,
        _ => prior == config,
    }
}

/// The value as JSON; nothing while a part of it is unknown.
pub fn to_json(value: &RawValue) -> Option<Json> {
    let dynamic = value.clone().into_dynamic();
    if dynamic.is_null() {
        return Some(Json::Null);
    }
    let mut encoded = encode_json(&dynamic, &Type::Dynamic).ok()?;
    encoded.get_mut("value").map(Json::take)
}

/// JSON as a value.
pub fn from_json(json: &Json) -> RawValue {
    match json {
        Json::Null => RawValue::Null,
        Json::Bool(bool) => RawValue::Bool(*bool),
        Json::Number(number) => Number::parse(&number.to_string()).map_or(RawValue::Null, RawValue::Number),
        Json::String(text) => RawValue::string(text.as_str()),
        Json::Array(elements) => RawValue::Tuple(elements.iter().map(from_json).collect()),
        Json::Object(fields) => {
            RawValue::object(fields.iter().map(|(name, value)| (name.as_str(), from_json(value))))
        }
    }
}

/// The options that carry `values`; `theirs` is what the add-on sets with `--set` or `--set-json`, as `path=value`.
pub fn options(values: &Json, theirs: &[String]) -> Result<Vec<(&'static str, String)>, Error> {
    let mut leaves = Vec::new();
    collect(values, &mut String::new(), &mut leaves);
    let (mut json, mut strings) = (Vec::new(), Vec::new());
    for (path, value) in leaves {
        match (theirs.iter().find(|set| overlaps(set, &path)), value) {
            (None, value) => json.push(format!("{path}={}", literal(value))),
            (Some(set), Json::String(text)) if path_of(set) == path => {
                strings.push(format!("{path}={}", escaped(text, &['\\', ',', '{'])));
            }
            (Some(set), _) => return Err(Error::SetByAddon { path, theirs: set.clone() }),
        }
    }
    let options = [(SET_JSON, json), (SET_STRING, strings)];
    Ok(options
        .into_iter()
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(name, parts)| (name, parts.join(",")))
        .collect())
}

/// What `--set-json` and `--set-string` carry, as one object; nothing when the texts are not of the form that
/// [`options`] makes.
pub fn parse(set_json: Option<&str>, set_string: Option<&str>) -> Option<Json> {
    let mut values = Json::Object(Map::new());
    let mut rest = set_json.unwrap_or_default();
    while !rest.is_empty() {
        let (path, tail) = split_path(rest)?;
        let mut parser = serde_json::Deserializer::from_str(tail).into_iter::<Json>();
        let value = parser.next()?.ok()?;
        let tail = &tail[parser.byte_offset()..];
        insert(&mut values, &path, value)?;
        rest = tail.strip_prefix(',').or_else(|| tail.is_empty().then_some(tail))?;
    }
    let mut rest = set_string.unwrap_or_default();
    while !rest.is_empty() {
        let (path, tail) = split_path(rest)?;
        let (text, tail) = until_comma(tail);
        insert(&mut values, &path, Json::String(text))?;
        rest = tail;
    }
    Some(values)
}

/// The paths of `wanted` that `config` has otherwise; a null is right when it is absent.
pub fn missing(wanted: &Json, config: &Json) -> Vec<String> {
    let mut leaves = Vec::new();
    collect(wanted, &mut String::new(), &mut leaves);
    leaves
        .into_iter()
        .filter(|(path, value)| {
            let found = segments(path).iter().try_fold(config, |at, name| at.get(name));
            !found.map_or(value.is_null(), |found| same_json(found, value))
        })
        .map(|(path, _)| path)
        .collect()
}

/// Equal, where numbers may be written as integers or as floats: helm's releases went through Go.
fn same_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_json(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, left)| right.get(name).is_some_and(|right| same_json(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Every value that is no object, with its path as helm writes paths. Key by key, as helm would else put whole objects
/// in the place of what values files say.
fn collect<'a>(value: &'a Json, path: &mut String, leaves: &mut Vec<(String, &'a Json)>) {
    let Json::Object(fields) = value else {
        if !path.is_empty() {
            leaves.push((path.clone(), value));
        }
        return;
    };
    for (name, value) in fields {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&escaped(name, &['\\', '.', ',', '=', '[', ']']).replace('$', "$$"));
        collect(value, path, leaves);
        path.truncate(length);
    }
}

/// JSON in which nothing looks like `$(VARIABLE)`, which Kubernetes would replace in arguments.
fn literal(value: &Json) -> String {
    value.to_string().replace('$', "\\u0024")
}

fn escaped(text: &str, special: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if special.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn path_of(set: &str) -> &str {
    set.split_once('=').map_or(set, |(path, _)| path)
}

/// Whether one of the paths is the other, or leads through it. An option may set several paths.
fn overlaps(set: &str, path: &str) -> bool {
    let leads = |from: &str, to: &str| {
        to.strip_prefix(from).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let theirs = set.split(',').filter(|part| part.contains('=')).map(path_of);
    theirs.into_iter().any(|theirs| leads(theirs, path) || leads(path, theirs))
}

/// A path up to its `=`, in its segments, and what follows the `=`.
fn split_path(text: &str) -> Option<(Vec<String>, &str)> {
    let mut end = None;
    let mut is_escaped = false;
    for (position, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '=' => {
                end = Some(position);
                break;
            }
            '[' | ',' => return None,
            _ => {}
        }
    }
    let end = end?;
    Some((segments(&text[..end]), &text[end + 1..]))
}

fn segments(path: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        let last = segments.len() - 1;
        match character {
            '\\' => segments[last].extend(characters.next()),
            '.' => segments.push(String::new()),
            character => segments[last].push(character),
        }
    }
    segments.iter().map(|segment| segment.replace("$$", "$")).collect()
}

fn until_comma(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, character)| character)),
            ',' => return (value, &text[position + 1..]),
            character => value.push(character),
        }
    }
    (value, "")
}

fn insert(values: &mut Json, path: &[String], value: Json) -> Option<()> {
    let (last, way) = path.split_last()?;
    let mut at = values.as_object_mut()?;
    for name in way {
        at = at.entry(name).or_insert_with(|| Json::Object(Map::new())).as_object_mut()?;
    }
    at.insert(last.clone(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn only(values: &Json) -> String {
        let options = options(values, &[]).unwrap();
        assert_eq!(options.len(), 1);
        assert_eq!(options[0].0, SET_JSON);
        options[0].1.clone()
    }

    #[test]
    fn values_become_paths_with_json_key_by_key() {
        let table = [
            (json!({"a": 1}), "a=1"),
            (
                json!({"a": {"b": "x", "c": [1, {"d": true}]}, "e": null}),
                r#"a.b="x",a.c=[1,{"d":true}],e=null"#,
            ),
            (json!({"a.b": {"c,d": {"e=f[0]": "\\"}}}), r#"a\.b.c\,d.e\=f\[0\]="\\""#),
            (json!({"a": "$(RELEASE_NAME)"}), r#"a="\u0024(RELEASE_NAME)""#),
            (json!({"a": "x,y=z"}), r#"a="x,y=z""#),
        ];
        for (values, expected) in table {
            assert_eq!(only(&values), expected);
            assert_eq!(parse(Some(expected), None), Some(values), "{expected}");
        }
        assert_eq!(options(&json!({}), &[]).unwrap(), []);
        assert_eq!(options(&json!({"a": {}}), &[]).unwrap(), []);
    }

    #[test]
    fn what_the_addon_sets_itself_is_outdone_as_text_or_refused() {
        let theirs = ["version=2.5.2".to_owned(), "dns.create=true,list[0].name=x".to_owned()];
        let set = options(&json!({"version": "3,{0}", "other": 1}), &theirs).unwrap();
        assert_eq!(set, [(SET_JSON, "other=1".to_owned()), (SET_STRING, r"version=3\,\{0}".to_owned())]);
        assert_eq!(
            parse(Some("other=1"), Some(r"version=3\,\{0}")),
            Some(json!({"version": "3,{0}", "other": 1}))
        );
        for values in
            [json!({"version": 3}), json!({"dns": {"create": false}}), json!({"list": []}), json!({"dns": 1})]
        {
            assert!(matches!(options(&values, &theirs), Err(Error::SetByAddon { .. })), "{values}");
        }
        assert!(options(&json!({"versions": "1", "dns": {"created": true}}), &theirs).is_ok());
    }

    #[test]
    fn options_of_others_are_not_misread() {
        for text in ["a", "a=", "a=1;b=2", "a[0]=1", "=1=2", "a=1,b"] {
            assert_eq!(parse(Some(text), None), None, "{text}");
        }
        assert_eq!(parse(Some("a.b=1,a.c=2"), None), Some(json!({"a": {"b": 1, "c": 2}})));
        assert_eq!(parse(Some("a=1,a.b=2"), None), None);
    }

    #[test]
    fn what_a_release_lacks_of_the_values_is_named() {
        let wanted = json!({"a": {"b": 1, "c": "x"}, "d": null, "e.f": [1.0]});
        assert!(missing(&wanted, &json!({"a": {"b": 1.0, "c": "x", "more": 1}, "e.f": [1]})).is_empty());
        assert_eq!(missing(&wanted, &json!({"a": {"b": 2, "c": "x"}, "d": 1})), ["a.b", "d", r"e\.f"]);
    }

    #[test]
    fn terraform_s_types_do_not_matter() {
        let object = from_json(&json!({"a": 1, "b": ["x"], "c": null}));
        assert_eq!(to_json(&object), Some(json!({"a": 1, "b": ["x"], "c": null})));
        let map = RawValue::map([("a", RawValue::number(1))]).into_dynamic();
        assert!(same_values(&map, &from_json(&json!({"a": 1})).into_dynamic()));
        assert!(!same_values(&map, &from_json(&json!({"a": "1"})).into_dynamic()));
        let unknown = RawValue::object([("a", RawValue::unknown())]).into_dynamic();
        assert_eq!(to_json(&unknown), None);
        assert!(!same_values(&map, &unknown));
    }
}
