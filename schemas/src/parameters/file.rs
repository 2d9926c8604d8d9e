//! Values of parameters as they stand in a file of an engine. Pure.

use std::collections::BTreeMap;

use crate::v1alpha1::config_constraint::{FileFormat, FormatterConfig};

/// The values in the text of a file: of the constraint's section, where the format has sections. Nothing for the formats that
/// hold more than lines (`yaml`, `json`, `toml`, `xml`, `hcl`).
pub fn values(formatter: &FormatterConfig, text: &str) -> Option<BTreeMap<String, String>> {
    let entry: fn(&str) -> Option<(&str, &str)> = match formatter.format {
        FileFormat::Redis => by_space,
        FileFormat::Ini | FileFormat::Properties | FileFormat::PropertiesPlus | FileFormat::Dotenv => by_sign,
        _ => return None,
    };
    let wanted = formatter.ini_config.as_ref().and_then(|ini| ini.section_name.as_deref());
    let wanted = wanted.filter(|_| formatter.format == FileFormat::Ini);
    let mut section = None;
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            section = Some(name.trim());
            continue;
        }
        if wanted.is_some() && section.is_some() && wanted != section {
            continue;
        }
        if let Some((name, value)) = entry(line) {
            values.insert(name.trim().to_owned(), unquoted(value).to_owned());
        }
    }
    Some(values)
}

fn by_sign(line: &str) -> Option<(&str, &str)> {
    line.split_once('=')
}

fn by_space(line: &str) -> Option<(&str, &str)> {
    line.split_once(char::is_whitespace)
}

/// The value without quotes, and without a comment behind it.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['\'', '"'] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inside, _)) = rest.split_once(quote)
        {
            return inside;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_stand_where_each_format_puts_them() {
        for (format, section, text, expected) in [
            (
                "properties",
                None,
                "# c\nmax = '100'\nplain = 5 # why\nempty =\n",
                Some(vec![("empty", ""), ("max", "100"), ("plain", "5")]),
            ),
            ("ini", Some("mysqld"), "[client]\nport=1\n[mysqld]\nport=3306\n", Some(vec![("port", "3306")])),
            ("ini", None, "[a]\nx=1\n[b]\ny=\"2 #\"\n", Some(vec![("x", "1"), ("y", "2 #")])),
            ("redis", None, "maxmemory 0\nsave 3600 1\n", Some(vec![("maxmemory", "0"), ("save", "3600 1")])),
            ("yaml", None, "a: 1\n", None),
        ] {
            let formatter: FormatterConfig = serde_json::from_value(
                json!({"format": format, "iniConfig": section.map(|name| json!({"sectionName": name}))}),
            )
            .unwrap();
            let expected = expected.map(|pairs: Vec<(&str, &str)>| {
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
            });
            assert_eq!(values(&formatter, text), expected, "{format}");
        }
    }
}
