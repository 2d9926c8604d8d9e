//! Whole files that others wrote: plans, releases of helm, kubeconfigs.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectMeta;

use super::RUNTIME;
use crate::helm::manifest::Manifest;
use crate::helm::release::decode;

/// Plans that `review` is given.
pub(super) fn review(bytes: &[u8]) {
    crate::review::fuzzing::check(bytes);
}

/// Secrets that say of themselves that they hold a release: what they hold, or the JSON in what they would hold.
pub(super) fn release(bytes: &[u8]) {
    let [choice, bytes @ ..] = bytes else { return };
    let held = match choice % 3 {
        0 => bytes.to_vec(),
        1 => BASE64.encode(bytes).into_bytes(),
        _ => BASE64.encode(packed(bytes)).into_bytes(),
    };
    let secret = Secret {
        metadata: ObjectMeta { namespace: Some("kb-system".to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([("release".to_owned(), ByteString(held))])),
        type_: Some("helm.sh/release.v1".to_owned()),
        ..Secret::default()
    };
    let Ok(release) = decode(&secret) else { return };
    assert!(!release.name.is_empty());
    if let Ok(manifest) = Manifest::parse(&release.manifest, &release.namespace) {
        assert!(manifest.keys().all(|key| manifest.contains(key)));
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Kubeconfig files. Nothing is run or reached.
pub(super) fn kubeconfig(bytes: &[u8]) {
    // A certificate can be the name of a file, and these never end.
    if ["/dev", "/proc", "/sys"].iter().any(|endless| contains(bytes, endless.as_bytes())) {
        return;
    }
    let file = std::env::temp_dir().join(format!("fuzzed-{}.kubeconfig", std::process::id()));
    std::fs::write(&file, bytes).unwrap();
    RUNTIME.block_on(crate::kubernetes::configuration::fuzz(file));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
