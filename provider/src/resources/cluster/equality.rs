//! When two texts mean the same: quantities and retentions. Pure. Both the schema (what a plan keeps) and `observe` (what a refresh
//! keeps) decide by it, so that a plan never shows what a refresh would call equal.

use std::collections::BTreeMap;

use kubeblocks_schemas::duration::parse_retention_period;
use kubeblocks_schemas::quantity::Quantity;
use tfplugin::typed::Value;

/// Whether two quantities are equal, as `1024Mi` and `1Gi` are. Texts that are no quantities must be the same text.
pub fn same_quantity(prior: &str, config: &str) -> bool {
    match (prior.parse::<Quantity>(), config.parse::<Quantity>()) {
        (Ok(prior), Ok(config)) => prior == config,
        _ => prior == config,
    }
}

/// Whether two maps have the same keys with equal quantities.
pub fn same_quantities(
    prior: &BTreeMap<String, Value<String>>,
    config: &BTreeMap<String, Value<String>>,
) -> bool {
    prior.len() == config.len()
        && prior.iter().zip(config).all(|((prior_key, prior), (config_key, config))| {
            prior_key == config_key
                && match (prior, config) {
                    (Value::Known(prior), Value::Known(config)) => same_quantity(prior, config),
                    _ => prior == config,
                }
        })
}

/// Whether two retentions are equal, as `7d` and `1w` are. Texts that are none must be the same text.
pub fn same_retention(prior: &str, config: &str) -> bool {
    match (parse_retention_period(prior), parse_retention_period(config)) {
        (Ok(prior), Ok(config)) => prior == config,
        _ => prior == config,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_what_they_mean() {
        for (left, right, expected) in [
            ("1Gi", "1024Mi", true),
            ("1", "1000m", true),
            ("1.5", "1500m", true),
            ("1Gi", "1G", false),
            ("1", "2", false),
            ("many", "many", true),
            ("many", "1", false),
        ] {
            assert_eq!(same_quantity(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn retentions_are_compared_by_what_they_mean() {
        for (left, right, expected) in [
            ("7d", "1w", true),
            ("1mo", "30d", true),
            ("7d", "8d", false),
            ("later", "later", true),
            ("later", "7d", false),
        ] {
            assert_eq!(same_retention(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn maps_of_quantities_are_equal_with_the_same_keys_and_equal_values() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, Value<String>> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::Known((*value).to_owned()))).collect()
        };
        assert!(same_quantities(
            &map(&[("cpu", "1"), ("memory", "1Gi")]),
            &map(&[("cpu", "1000m"), ("memory", "1024Mi")])
        ));
        assert!(!same_quantities(&map(&[("cpu", "1")]), &map(&[("memory", "1")])));
        assert!(!same_quantities(&map(&[("cpu", "1")]), &map(&[("cpu", "1"), ("memory", "1")])));
        let unknown = BTreeMap::from([("cpu".to_owned(), Value::Unknown)]);
        assert!(!same_quantities(&map(&[("cpu", "1")]), &unknown));
    }
}
