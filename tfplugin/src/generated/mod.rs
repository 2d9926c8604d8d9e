//! Messages and service traits of the wire, generated from `proto/`. Nothing here is written by hand but this file;
//! `tests/generated.rs` holds the rest to what the generator makes. Only `server` and `plugin` may name these types.

#![allow(
    dead_code,
    clippy::all,
    clippy::pedantic,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    reason = "generated code follows its generator's style"
)]

pub(crate) mod tfplugin6 {
    include!("tfplugin6.rs");
}

pub(crate) mod go_plugin {
    include!("plugin.rs");
}

pub(crate) mod health {
    include!("grpc.health.v1.rs");
}
