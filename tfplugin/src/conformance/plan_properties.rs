//! The engine of [`crate::plan`] held against the rules of [`crate::conformance`], over random schemas and runs.

use proptest::prelude::*;

use super::generate::Choices;
use super::play::run;
use super::{SchemaKind, assert_schema};
use crate::raw::RawValue;

/// Thousands of runs, or more when `PROPTEST_CASES` asks for more.
fn thousands() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(4000), ..default }
}

proptest! {
    #![proptest_config(thousands())]

    #[test]
    fn every_random_schema_is_a_schema(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let schema = Choices::new(bytes).schema();
        prop_assert_eq!(assert_schema(SchemaKind::Resource, &schema), []);
    }

    #[test]
    fn a_create_and_two_updates_keep_the_rules(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut choices = Choices::new(bytes);
        let schema = choices.schema();
        let mut state = RawValue::Null;
        for _ in 0..3 {
            let config = choices.config(&schema.attributes, true);
            let Some(next) = run(&mut choices, &schema, &state, &config) else { break };
            state = next;
        }
    }

    #[test]
    fn a_change_of_any_state_keeps_the_rules(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut choices = Choices::new(bytes);
        let schema = choices.schema();
        let state = choices.state(&schema.attributes);
        let config = choices.config(&schema.attributes, true);
        run(&mut choices, &schema, &state, &config);
    }
}
