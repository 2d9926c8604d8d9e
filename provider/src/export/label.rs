//! Labels of resources: readable, valid in HCL, and no two alike for one type. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// What is to be labelled: type, namespace, name.
pub(super) type Named<'a> = (&'a str, Option<&'a str>, &'a str);

/// A label for each, in the same order: the name, with the namespace where two are of one name.
pub(super) fn labels(all: &[Named<'_>]) -> Vec<String> {
    let mut count: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (kind, _, name) in all {
        *count.entry((kind, identifier(name))).or_default() += 1;
    }
    let mut taken: BTreeSet<(&str, String)> = BTreeSet::new();
    all.iter()
        .map(|(kind, namespace, name)| {
            let short = identifier(name);
            let is_alone = count.get(&(*kind, short.clone())) == Some(&1);
            let wanted = match namespace {
                Some(namespace) if !is_alone => identifier(&format!("{namespace}_{name}")),
                _ => short,
            };
            let mut label = wanted.clone();
            let mut number = 2;
            while !taken.insert((kind, label.clone())) {
                label = format!("{wanted}_{number}");
                number += 1;
            }
            label
        })
        .collect()
}

/// A name of Kubernetes as an identifier of HCL.
fn identifier(name: &str) -> String {
    let text: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if text.starts_with(|letter: char| letter.is_ascii_alphabetic()) { text } else { format!("n{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_identifiers_and_no_two_are_alike() {
        let (cluster, repo) = ("kubeblocks_cluster", "kubeblocks_backup_repo");
        let all = [
            (cluster, Some("shop"), "orders"),
            (cluster, Some("shop"), "cache-1"),
            (cluster, Some("web"), "cache-1"),
            (cluster, Some("web"), "cache.1"),
            (cluster, Some("web"), "7days"),
            (repo, None, "orders"),
        ];
        let expected = ["orders", "shop_cache_1", "web_cache_1", "web_cache_1_2", "n7days", "orders"];
        assert_eq!(labels(&all), expected);
    }
}
