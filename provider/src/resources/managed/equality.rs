//! When two texts mean the same to a cloud, so that a plan keeps what is there. Pure.

use std::collections::BTreeSet;

use tfplugin::typed::Value;

/// All addresses.
const EVERYBODY: &str = "0.0.0.0/0";

/// Whether two names are one place's, which Azure writes as `West Europe` and as `westeurope`.
pub(crate) fn same_place(prior: &str, config: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_lowercase();
    plain(prior) == plain(config)
}

/// Whether two texts name one object: the same text, or a bare name and a path that ends with it.
pub(crate) fn same_name(prior: &str, config: &str) -> bool {
    let last = |text: &str| text.rsplit_once('/').map(|(_, last)| last.to_owned());
    prior == config
        || match (last(prior), last(config)) {
            (Some(prior), None) => prior == config,
            (None, Some(config)) => prior == config,
            _ => false,
        }
}

/// Whether two lists hold the same address blocks, in any order; a bare address is a block of one.
pub(crate) fn same_blocks(prior: &[Value<String>], config: &[Value<String>]) -> bool {
    blocks(prior) == blocks(config)
}

/// Who is let in as the cloud shows it, where a list that it does not show means what is written: everybody, who is let in
/// without a list, and anybody at all while there is no public endpoint.
pub(crate) fn seen_access(
    written: &Value<Vec<Value<String>>>,
    is_public: bool,
    seen: &[String],
) -> Value<Vec<Value<String>>> {
    let is_everybody = written.known().is_some_and(|written| blocks(written) == [EVERYBODY].into());
    if !is_public || (seen.is_empty() && is_everybody) {
        return written.clone();
    }
    super::open::seen_list(written, seen)
}

fn blocks(list: &[Value<String>]) -> BTreeSet<&str> {
    list.iter().filter_map(Value::known).map(|block| block.trim_end_matches("/32")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<Value<String>> {
        texts.iter().map(|text| Value::Known((*text).to_owned())).collect()
    }

    #[test]
    fn places_are_the_same_but_for_spaces_and_case() {
        assert!(same_place("westeurope", "West Europe"));
        assert!(!same_place("westeurope", "West Europe 2"));
    }

    #[test]
    fn a_name_is_the_end_of_its_path() {
        const PATH: &str = "projects/p/global/networks/shop";
        for (prior, config, expected) in [
            ("shop", "shop", true),
            ("shop", PATH, true),
            (PATH, "shop", true),
            (PATH, PATH, true),
            ("shop", "orders", false),
            (PATH, "orders", false),
            (PATH, "projects/q/global/networks/shop", false),
        ] {
            assert_eq!(same_name(prior, config), expected, "{prior} {config}");
        }
    }

    #[test]
    fn an_address_is_a_block_of_one_and_order_means_nothing() {
        for (prior, config, expected) in [
            (&["192.0.2.1/32", "10.0.0.0/8"][..], &["10.0.0.0/8", "192.0.2.1"][..], true),
            (&["192.0.2.1"], &["192.0.2.2"], false),
            (&["192.0.2.1"], &[], false),
        ] {
            assert_eq!(same_blocks(&list(prior), &list(config)), expected, "{prior:?} {config:?}");
        }
    }

    #[test]
    fn who_is_let_in_differs_only_where_it_means_something() {
        let some = |texts: &[&str]| Value::Known(list(texts));
        for (written, is_public, seen, expected) in [
            (some(&["0.0.0.0/0"]), true, &[][..], some(&["0.0.0.0/0"])),
            (some(&["192.0.2.0/24"]), true, &[], Value::Null),
            (some(&["192.0.2.0/24"]), false, &[], some(&["192.0.2.0/24"])),
            (Value::Null, true, &["192.0.2.0/24"], some(&["192.0.2.0/24"])),
            (some(&["0.0.0.0/0"]), true, &["192.0.2.0/24"], some(&["192.0.2.0/24"])),
        ] {
            let seen: Vec<String> = seen.iter().map(|block| (*block).to_owned()).collect();
            assert_eq!(seen_access(&written, is_public, &seen), expected, "{written:?} {seen:?}");
        }
    }
}
