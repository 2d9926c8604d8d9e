//! The schemas: golden files, Terraform's own rules, and the size that a start costs.

use kubeblocks_provider::provider::{KubeblocksProvider, ProviderConfig};
use serde_json::Value;
use tfplugin::conformance::{SchemaKind, assert_schema};
use tfplugin::prelude::*;
use tfplugin::schema::Schema;
use tfplugin::schema_json::{Detail, provider};

use crate::golden::assert_folder;

/// Bytes of all schemas as JSON that a release may have, with every later resource in mind.
const LARGEST_SCHEMA: usize = 500_000;

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

#[test]
fn the_schemas_are_those_of_the_golden_files() {
    let served = provider(&KubeblocksProvider::new(), Detail::Full);
    let mut files = Vec::new();
    for (section, content) in served.as_object().unwrap() {
        if section == "provider" {
            files.push(("provider.json".to_owned(), pretty(content)));
            continue;
        }
        let folder = section.trim_end_matches("_schemas");
        for (name, schema) in content.as_object().unwrap() {
            files.push((format!("{folder}/{name}.json"), pretty(schema)));
        }
    }
    assert_folder("provider/schemas", ".json", &files);
}

#[test]
fn terraform_accepts_every_schema() {
    let provider = KubeblocksProvider::new();
    let mut schemas: Vec<(String, SchemaKind, Schema)> =
        vec![("provider".to_owned(), SchemaKind::Provider, ProviderConfig::schema())];
    for resource in provider.resources() {
        schemas.push((resource.type_name().to_owned(), SchemaKind::Resource, resource.schema()));
        schemas.push((resource.type_name().to_owned(), SchemaKind::Identity, resource.identity_schema()));
    }
    for data_source in provider.data_sources() {
        schemas.push((data_source.type_name().to_owned(), SchemaKind::DataSource, data_source.schema()));
    }
    for ephemeral in provider.ephemeral_resources() {
        schemas.push((ephemeral.type_name().to_owned(), SchemaKind::EphemeralResource, ephemeral.schema()));
    }
    for action in provider.actions() {
        schemas.push((action.type_name().to_owned(), SchemaKind::Action, action.schema()));
    }
    for (name, kind, schema) in schemas {
        let violations = assert_schema(kind, &schema);
        assert!(violations.is_empty(), "{name} ({kind:?}): {violations:?}");
    }
}

#[test]
fn all_schemas_together_stay_small() {
    let size = serde_json::to_string(&provider(&KubeblocksProvider::new(), Detail::Full)).unwrap().len();
    assert!(size < LARGEST_SCHEMA, "{size} bytes");
}
