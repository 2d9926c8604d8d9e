//! What the fuzz targets in `fuzz/` call, and the test that replays what they found. Each check takes bytes that may be
//! anything, and panics where a promise of the provider is broken. No part of the library's interface.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise is a panic, which is what a fuzzer looks for"
)]

mod files;
#[cfg(test)]
mod replay;
mod texts;

use std::sync::LazyLock;

use tfplugin::codec::encode_json;
use tfplugin::fuzzing::{self, Calls};
use tfplugin::provider::Provider as _;
use tfplugin::schema::Schema;
use tfplugin::server::{ErasedResource, stored_state as read_state};
use tfplugin::types::Type;
use tokio::runtime::Runtime;

use crate::provider::KubeblocksProvider;

/// A check of bytes.
type Check = fn(&[u8]);

/// The targets by their names, as in `fuzz/corpus`.
const TARGETS: [(&str, Check); 8] = [
    ("values", values),
    ("states", states),
    ("requests", requests),
    ("plans", plans),
    ("texts", texts::check),
    ("reviews", files::review),
    ("releases", files::release),
    ("kubeconfigs", files::kubeconfig),
];

/// The check of that name. It panics where a promise is broken.
pub fn check(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, check)| *check)
}

/// Texts for configurations that are drawn from bytes: some mean the same, and some are refused.
const WORDS: [&str; 20] = [
    "a",
    "redis",
    "Rolling",
    "1Gi",
    "1024Mi",
    "1",
    "1000m",
    "7d",
    "0 3 * * *",
    "Delete",
    "pre-c",
    "pre-d",
    "",
    "a/b",
    "{\"a\":1}",
    "{ \"a\": 1.0 }",
    "10.0.0.0/16",
    "2026-11-01T08:30:00Z",
    "é",
    "e\u{301}",
];

struct Resource {
    served: Box<dyn ErasedResource>,
    schema: Schema,
    kind: Type,
}

static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let mut served = KubeblocksProvider::new().resources();
    served.sort_by_key(|resource| resource.type_name());
    served
        .into_iter()
        .map(|served| {
            let schema = served.schema();
            Resource { kind: schema.object_type(), schema, served }
        })
        .collect()
});
static CALLS: LazyLock<Calls> = LazyLock::new(|| Calls::new(KubeblocksProvider::new()));
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

/// The resource of that number, counted round.
fn resource(number: u8) -> &'static Resource {
    &RESOURCES[usize::from(number) % RESOURCES.len()]
}

/// Values as Terraform sends them: of a resource's type, or dynamic ones, which may be of any.
fn values(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let choice = usize::from(*choice);
    fuzzing::values(bytes, RESOURCES.get(choice).map_or(&Type::Dynamic, |resource| &resource.kind));
}

/// States as earlier and later releases may have stored them: what is read is stored, and read as the same.
fn states(bytes: &[u8]) {
    let [choice, version, bytes @ ..] = bytes else { return };
    let Ok(stored) = serde_json::from_slice(bytes) else { return };
    let resource = resource(*choice);
    let read = |version, stored| read_state(resource.served.as_ref(), version, stored);
    let Ok(state) = read(i64::from(*version % 4), stored) else { return };
    let written = encode_json(&state, &resource.kind).unwrap();
    assert_eq!(read(resource.schema.version, written).unwrap(), state);
    let _ = resource.served.identity(state);
}

/// Messages of the protocol: any bytes, or lines of a name and values. Those whose calls reach out are left out.
fn requests(bytes: &[u8]) {
    let [form @ (b'm' | b'l'), choice, bytes @ ..] = bytes else { return };
    let message = if *form == b'm' {
        bytes.to_vec()
    } else {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let name = lines.next().unwrap_or_default();
        fuzzing::message(*choice, &String::from_utf8_lossy(name), &lines.collect::<Vec<_>>())
    };
    RUNTIME.block_on(CALLS.call(*choice, &message)).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// Changes of resources as Terraform plays them, with this provider's schemas or with any schema.
fn plans(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match RESOURCES.get(usize::from(*choice)) {
        Some(resource) => fuzzing::plans(bytes, &resource.schema, &WORDS, |config| {
            let _ = resource.served.validate(config);
        }),
        None => fuzzing::plans_of_any_schema(bytes, &WORDS),
    }
}
