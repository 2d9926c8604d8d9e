//! States as earlier and later releases may have stored them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tfplugin::provider::Provider as _;
use tfplugin::server::{ErasedResource, stored_state};

static RESOURCES: LazyLock<Vec<Box<dyn ErasedResource>>> =
    LazyLock::new(|| kubeblocks_provider::provider::KubeblocksProvider::new().resources());

fuzz_target!(|data: &[u8]| {
    let [choice, version, data @ ..] = data else { return };
    let Ok(stored) = serde_json::from_slice(data) else { return };
    let resource = &RESOURCES[usize::from(*choice) % RESOURCES.len()];
    let _ = stored_state(resource.as_ref(), i64::from(*version % 3), stored);
});
