//! Secrets that say of themselves that they hold a release.
#![no_main]

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kubeblocks_provider::helm::release::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let held = BTreeMap::from([("release".to_owned(), ByteString(data.to_vec()))]);
    let _ = decode(&Secret { data: Some(held), ..Secret::default() });
});
