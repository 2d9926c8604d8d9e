//! Values as Terraform sends them: what is read is written again as the same value, and never panics.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tfplugin::codec::{decode_json, decode_msgpack, encode_json, encode_msgpack};
use tfplugin::provider::Provider as _;
use tfplugin::types::Type;

/// The types of all resources, and one of any value.
static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let provider = kubeblocks_provider::provider::KubeblocksProvider::new();
    let mut types: Vec<Type> = provider.resources().iter().map(|resource| resource.schema().kind()).collect();
    types.push(Type::Dynamic);
    types
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let kind = &TYPES[usize::from(*choice) % TYPES.len()];
    let Ok(value) = decode_msgpack(data, kind) else { return };
    if let Ok(written) = encode_msgpack(&value, kind) {
        assert_eq!(decode_msgpack(&written, kind).as_ref(), Ok(&value));
    }
    if let Ok(written) = encode_json(&value, kind) {
        assert_eq!(decode_json(&written, kind).as_ref(), Ok(&value));
    }
});
