//! What a change of an argument does: the words at each, and what they mean, once a page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::schema::{Attribute, Effect, Shape};

/// The words for what a change does, where it depends on the change all of them.
pub(super) fn listed(effects: &[Effect]) -> String {
    let words: Vec<&str> = effects.iter().map(|effect| effect.words()).collect();
    words.join(" or ")
}

/// What the words mean that stand at these attributes; nothing when there are none.
pub(super) fn legend(attributes: &[Attribute]) -> String {
    let mut used = BTreeSet::new();
    collect(attributes, &[], &mut used);
    if used.is_empty() {
        return String::new();
    }
    let mut text = "*Change* says what changing an argument does to an object that is there:\n".to_owned();
    for effect in used {
        let _ = write!(text, "\n- *{}*: {}.", effect.words(), effect.meaning());
    }
    text
}

fn collect(attributes: &[Attribute], holder: &[Effect], used: &mut BTreeSet<Effect>) {
    for attribute in attributes.iter().filter(|attribute| attribute.is_configurable()) {
        let effects = attribute.effects_in(holder);
        used.extend(effects);
        if let Shape::Nested { attributes, .. } = &attribute.shape {
            collect(attributes, effects, used);
        }
    }
}
