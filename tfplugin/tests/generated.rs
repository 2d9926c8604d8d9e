//! The generated code in `src/generated` is what the generator makes of `proto/` today.
//! `UPDATE_GOLDEN=1` writes it anew. The generator runs here and not in a build script, so that a build needs neither
//! the generator nor a system `protoc`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PROTO_FILES: [&str; 5] =
    ["tfplugin6.proto", "grpc_broker.proto", "grpc_controller.proto", "grpc_stdio.proto", "health.proto"];
const GENERATED_FILES: [&str; 3] = ["tfplugin6.rs", "plugin.rs", "grpc.health.v1.rs"];

fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn generate_into(folder: &Path) {
    let proto = crate_folder("proto");
    let descriptors =
        protox::compile(PROTO_FILES.map(|name| proto.join(name)), [&proto]).expect("proto files compile");
    tonic_prost_build::configure()
        .out_dir(folder)
        .build_client(false)
        .build_transport(false)
        // The experimental state-store calls stay unimplemented; a test asks for each other call.
        .generate_default_stubs(true)
        // Shared buffers instead of copies, and maps whose order is the same in every run.
        .bytes(".")
        .btree_map(".")
        .compile_fds(descriptors)
        .expect("the generator runs");
}

#[test]
fn generated_code_is_up_to_date() {
    let fresh = tempfile::tempdir().unwrap();
    generate_into(fresh.path());

    let names: BTreeSet<String> = fs::read_dir(fresh.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        names,
        GENERATED_FILES.map(String::from).into(),
        "the generator wrote other files than expected"
    );

    for name in GENERATED_FILES {
        let expected = fs::read_to_string(fresh.path().join(name)).unwrap();
        let path = crate_folder("src/generated").join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &expected).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{name} is stale: run this test with UPDATE_GOLDEN=1");
    }
}

/// Which calls the service has is the protocol's minor version: 6.11 has 36.
#[test]
fn the_service_has_the_calls_of_protocol_6_11() {
    let proto = crate_folder("proto");
    let descriptors = protox::compile([proto.join("tfplugin6.proto")], [&proto]).unwrap();
    let file = descriptors.file.iter().find(|file| file.package() == "tfplugin6").unwrap();
    let streaming: Vec<(&str, bool, bool)> = file.service[0]
        .method
        .iter()
        .filter(|method| method.client_streaming() || method.server_streaming())
        .map(|method| (method.name(), method.client_streaming(), method.server_streaming()))
        .collect();
    assert_eq!(file.service[0].method.len(), 36);
    assert_eq!(
        streaming,
        [
            ("ListResource", false, true),
            ("ReadStateBytes", false, true),
            ("WriteStateBytes", true, false),
            ("InvokeAction", false, true)
        ]
    );
}
