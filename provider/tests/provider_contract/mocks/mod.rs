//! Mock data for `terraform test` and `tofu test`, made from the schemas: a mock that makes nothing would fill what the
//! provider gives with random texts, which the provider's own checks then refuse elsewhere.

mod hcl;
mod values;

use std::collections::BTreeSet;

use kubeblocks_provider::provider::KubeblocksProvider;
use serde_json::{Map, Value as Json};
use tfplugin::codec::{decode_json, encode_json};
use tfplugin::prelude::*;
use tfplugin::schema::{Attribute, Mode, Nesting, Schema, Shape};

use crate::golden::{assert_file, repository};

/// Which program reads the mock data. They differ in what they take.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    /// Values at every depth, also of objects that the configuration writes; none for collections of objects.
    Terraform,
    /// Values of what only the provider gives, whole; one that the configuration writes as well is an error.
    OpenTofu,
}

/// What is mocked: `mock_resource` or `mock_data`, the type, and its values.
struct Mock {
    block: &'static str,
    name: String,
    defaults: Map<String, Json>,
}

fn mocks(reader: Reader) -> Vec<Mock> {
    let provider = KubeblocksProvider::new();
    let resources = provider.resources().into_iter().map(|resource| {
        let name = resource.type_name();
        let given = values::of_resource(name);
        ("mock_resource", name, resource.schema(), given)
    });
    let data_sources = provider.data_sources().into_iter().map(|data_source| {
        let name = data_source.type_name();
        ("mock_data", name, data_source.schema(), values::of_data_source(name))
    });
    let all: Vec<_> = resources.chain(data_sources).collect();
    all.into_iter()
        .map(|(block, name, schema, given)| {
            assert_known(name, &schema, &given);
            let defaults = defaults(reader, &schema.attributes, name, &given);
            Mock { block, name: name.to_owned(), defaults }
        })
        .filter(|mock| !mock.defaults.is_empty())
        .collect()
}

/// Nothing is said of attributes that are gone.
fn assert_known(name: &str, schema: &Schema, given: &Json) {
    for key in given.as_object().unwrap().keys() {
        let attribute = schema.find(key).unwrap_or_else(|| panic!("{name} has no attribute {key}"));
        assert!(attribute.is_computed(), "{name}: {key} is the configuration's alone");
    }
}

/// The values of every attribute that the provider gives, or may give.
fn defaults(reader: Reader, attributes: &[Attribute], path: &str, given: &Json) -> Map<String, Json> {
    let mut defaults = Map::new();
    for attribute in attributes {
        let here = format!("{path}.{}", attribute.name);
        let value = match (reader, attribute.mode, &attribute.shape) {
            (Reader::OpenTofu, mode, _) if mode != Mode::Computed => None,
            _ if attribute.is_computed() => computed(reader, attribute, &here, given),
            (_, _, Shape::Nested { attributes, .. }) => {
                let inner = self::defaults(reader, attributes, &here, &Json::Null);
                (!inner.is_empty()).then(|| inner.into())
            }
            _ => None,
        };
        defaults.extend(value.map(|value| (attribute.name.clone(), value)));
    }
    defaults
}

/// The default, or what the table says.
fn computed(reader: Reader, attribute: &Attribute, path: &str, given: &Json) -> Option<Json> {
    let kind = attribute.shape.to_type();
    let value = match attribute.default {
        Some(default) => encode_json(&default(), &kind).unwrap(),
        None => given
            .get(&attribute.name)
            .unwrap_or_else(|| {
                panic!("{path} has no value: add one in values.rs, as an apply would leave it")
            })
            .clone(),
    };
    decode_json(&value, &kind).unwrap_or_else(|error| panic!("{path}: {error}"));
    match reader {
        Reader::OpenTofu => Some(value),
        Reader::Terraform => without_collections(&attribute.shape, value),
    }
}

/// Terraform takes neither elements of computed collections of objects, nor nulls for objects: it makes empty ones.
fn without_collections(shape: &Shape, value: Json) -> Option<Json> {
    match (shape, value) {
        (Shape::Nested { nesting: Nesting::Single, attributes }, Json::Object(mut object)) => {
            let kept = attributes.iter().filter_map(|attribute| {
                let value = object.remove(&attribute.name)?;
                Some((attribute.name.clone(), without_collections(&attribute.shape, value)?))
            });
            Some(Json::Object(kept.collect()))
        }
        (Shape::Nested { .. }, _) => None,
        (_, value) => Some(value),
    }
}

/// The mock data of all types, or of those that are named.
fn written(reader: Reader, indent: usize, only: Option<&BTreeSet<String>>) -> String {
    let blocks: Vec<String> = mocks(reader)
        .iter()
        .filter(|mock| only.is_none_or(|only| only.contains(&format!("{} {}", mock.block, mock.name))))
        .map(|mock| hcl::block(mock.block, &mock.name, &mock.defaults, indent))
        .collect();
    blocks.join("\n")
}

#[test]
fn the_mock_data_names_everything_that_the_provider_gives() {
    let head = "# Values for what the provider gives, for `terraform test`: see the guide \"Testing modules\". Made from the schemas.\n\n";
    assert_file(
        "examples/mocks/kubeblocks.tfmock.hcl",
        &format!("{head}{}", written(Reader::Terraform, 0, None)),
    );
    let head = "# The same for `tofu test`, which reads no files of mock data: copy what a module uses into its tests.\n";
    let blocks = written(Reader::OpenTofu, 2, None);
    let text = format!("{head}mock_provider \"kubeblocks\" {{\n{blocks}}}\n");
    assert_file("examples/mocks/opentofu.hcl", &text);
}

/// Which blocks of mock data a module needs: `mock_resource kubeblocks_cluster`.
fn used(module: &std::path::Path) -> BTreeSet<String> {
    let block = regex::Regex::new(r#"(?m)^(resource|data) "(kubeblocks_\w+)""#).unwrap();
    let files = std::fs::read_dir(module).unwrap().flatten().map(|entry| entry.path());
    let texts = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "tf"))
        .map(|path| std::fs::read_to_string(path).unwrap());
    let mut found = BTreeSet::new();
    for text in texts {
        for (_, [kind, name]) in block.captures_iter(&text).map(|found| found.extract()) {
            let kind = if kind == "data" { "mock_data" } else { "mock_resource" };
            found.insert(format!("{kind} {name}"));
        }
    }
    found
}

/// OpenTofu reads `mocked.tofutest.hcl` in place of `mocked.tftest.hcl`. They differ in the mock alone.
#[test]
fn the_modules_are_mocked_alike_for_both_programs() {
    const FILE: &str = "mock_provider \"kubeblocks\" {\n  source = \"../../mocks\"\n}\n";
    let mut count = 0;
    for module in std::fs::read_dir(repository("examples/modules")).unwrap().flatten() {
        let name = module.file_name().to_string_lossy().into_owned();
        let tests = std::fs::read_to_string(module.path().join("tests/mocked.tftest.hcl")).unwrap();
        assert!(tests.contains(FILE), "{name} takes the mock data:\n{FILE}");
        let blocks = written(Reader::OpenTofu, 2, Some(&used(&module.path())));
        let mock = format!("mock_provider \"kubeblocks\" {{\n{blocks}}}\n");
        let head = "# Made from `mocked.tftest.hcl`, with the mock data in it: OpenTofu reads no files of mock data.\n";
        let text = format!("{head}{}", tests.replace(FILE, &mock));
        assert_file(&format!("examples/modules/{name}/tests/mocked.tofutest.hcl"), &text);
        count += 1;
    }
    assert!(count >= 6, "the modules are found: {count}");
}
