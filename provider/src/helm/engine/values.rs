//! The values of a release, and how they are written for helm. Pure.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// Values of a chart, with the secret ones in their places.
#[derive(Clone, Default, PartialEq)]
pub struct Values {
    /// An object, or null for none.
    pub values: Value,
    /// The secret strings among them, which no text may show.
    pub secrets: Vec<String>,
}

impl fmt::Debug for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Values").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Values {
    /// The values as helm reads them. JSON is YAML but for characters that YAML does not take, or takes for the end of a
    /// line; as these stand in strings only, JSON's escapes are always right.
    pub(super) fn input(&self) -> Vec<u8> {
        if self.values.is_null() {
            return b"{}".to_vec();
        }
        let json = self.values.to_string();
        let mut written = String::with_capacity(json.len());
        for character in json.chars() {
            if is_special(character) {
                let code = u32::from(character);
                // Writing to a String cannot fail.
                let _ = write!(written, "\\u{code:04x}");
            } else {
                written.push(character);
            }
        }
        written.into_bytes()
    }
}

/// All of these are below U+10000, so that one escape writes them.
fn is_special(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(values: Value) -> String {
        String::from_utf8(Values { values, secrets: Vec::new() }.input()).unwrap()
    }

    #[test]
    fn values_are_written_as_json_that_is_yaml_as_well() {
        assert_eq!(written(Value::Null), "{}");
        let number: Value = serde_json::from_str("12345678901234567890.10").unwrap();
        assert_eq!(
            written(json!({ "a": [1, number, "ü💾", null] })),
            r#"{"a":[1,12345678901234567890.10,"ü💾",null]}"#
        );
        let odd = "\u{7f}\u{85}\u{9f}\u{2028}\u{2029}\u{feff}\u{ffff}\u{1}\t";
        let text = written(json!({ "a": odd }));
        assert_eq!(text, r#"{"a":"\u007f\u0085\u009f\u2028\u2029\ufeff\uffff\u0001\t"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "a": odd }));
    }

    #[test]
    fn its_debug_output_shows_no_value() {
        let values = Values { values: json!({ "password": "hunter2" }), secrets: vec!["hunter2".to_owned()] };
        assert!(!format!("{values:?}").contains("hunter2"));
    }
}
