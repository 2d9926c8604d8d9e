//! Messages of the protocol, of which none may end the process. Those whose calls reach out are left out.
#![no_main]

use std::sync::LazyLock;

use kubeblocks_provider::provider::KubeblocksProvider;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const METHODS: [&str; 14] = [
    "ValidateProviderConfig",
    "ValidateResourceConfig",
    "ValidateDataResourceConfig",
    "ValidateEphemeralResourceConfig",
    "ValidateListResourceConfig",
    "ValidateActionConfig",
    "UpgradeResourceState",
    "UpgradeResourceIdentity",
    "MoveResourceState",
    "GenerateResourceConfig",
    "CallFunction",
    "GetMetadata",
    "GetFunctions",
    "GetResourceIdentitySchemas",
];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((choice, message)) = data.split_first() else { return };
    let method = METHODS[usize::from(*choice) % METHODS.len()];
    let service = tfplugin::fuzzing::service(KubeblocksProvider::new());
    RUNTIME.block_on(tfplugin::fuzzing::call(service, method, message));
});
