//! Sizes and amounts as Kubernetes writes them, only as far as the stand-in has to compare them.
//!
//! Pure. It must not share code with the provider's own quantities, which it is there to test.

use serde_json::Value;

const SUFFIXES: [(&str, i128); 13] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("m", 0),
];

/// The amount in thousandths, or nothing when it is not written in plain or suffixed decimal form.
pub(crate) fn thousandths(text: &str) -> Option<i128> {
    let (number, suffix) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|number| (number, Some(*factor))))
        .unwrap_or((text, None));
    let factor = match suffix {
        None => 1_000,
        Some(0) => 1,
        Some(factor) => factor.checked_mul(1_000)?,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut value = whole.parse::<i128>().ok()?.checked_mul(factor)?;
    let mut unit = factor;
    for digit in fraction.chars() {
        unit /= 10;
        value = value.checked_add(i128::from(digit.to_digit(10)?).checked_mul(unit)?)?;
    }
    Some(value)
}

/// Whether two JSON trees are equal when texts that are both amounts are compared by value.
pub(crate) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.len() == b.len() && a.iter().all(|(key, value)| same(Some(value), b.get(key)))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b)))
        }
        (Some(a), Some(b)) => a == b || matches!((amount(a), amount(b)), (Some(a), Some(b)) if a == b),
        (None, None) => true,
        (Some(only), None) | (None, Some(only)) => {
            only.is_null() || only.as_object().is_some_and(serde_json::Map::is_empty)
        }
    }
}

fn amount(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => thousandths(text),
        Value::Number(number) => thousandths(&number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_with_all_suffixes() {
        for (text, expected) in [
            ("1", Some(1_000)),
            ("500m", Some(500)),
            ("0.5", Some(500)),
            ("1Gi", Some(1_073_741_824_000)),
            ("1.5Ki", Some(1_536_000)),
            ("2M", Some(2_000_000_000)),
            ("ten", None),
            ("", None),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    #[test]
    fn trees_are_equal_when_their_amounts_are() {
        let cpu = |text: &str| json!({"requests": {"cpu": text}});
        assert!(same(Some(&cpu("1")), Some(&cpu("1000m"))));
        assert!(!same(Some(&cpu("1")), Some(&cpu("2"))));
        assert!(same(None, Some(&json!({}))));
        assert!(!same(None, Some(&cpu("1"))));
        assert!(!same(Some(&json!({"storageClassName": "a"})), Some(&json!({"storageClassName": "b"}))));
    }
}
