//! Write Terraform and OpenTofu providers in Rust.
//!
//! A provider is a program that Terraform starts, talks to over gRPC, and ends. This library is that program but for
//! what the provider is about: an author writes structs with doc comments, which are schema, documentation and values
//! in one, and implements a trait for each thing that is served.
//!
//! | to serve | derive | implement |
//! |---|---|---|
//! | a managed resource | [`TerraformSchema`] on its state and identity | [`resource::Resource`] |
//! | a data source | [`TerraformSchema`] on its state | [`data_source::DataSource`] |
//! | an ephemeral resource | [`TerraformSchema`] on its state | [`ephemeral::EphemeralResource`] |
//! | a list resource, for `terraform query` | [`TerraformSchema`] on its search | [`list::ListResource`] |
//! | an action | [`TerraformSchema`] on its arguments | [`action::Action`] |
//! | a function | - | [`function::Function`] |
//! | all of them together | [`TerraformSchema`] on the provider block | [`provider::Provider`] |
//!
//! `main` is then one call of [`serve`](fn@serve). `examples/notes.rs` is a whole provider.
//!
//! # The way of a call
//!
//! `plugin` (the process: handshake, private socket, mutual TLS, logs) takes it in; `server` decodes it with [`codec`]
//! into [`raw::RawValue`]s; [`plan`] says what the schema alone can say of a plan; the author's trait does the rest
//! over [`typed::Value`]s; and back. Arrows never point the other way, only `server` names messages of the protocol,
//! and nothing is kept between calls but what the author keeps.
//!
//! # What it holds to
//!
//! - Plugin protocol 6.11 over go-plugin: Terraform 1.0 and later, OpenTofu. State stores, an experiment of the
//!   protocol, are not implemented.
//! - Only the Terraform that started the process is admitted, by the very bytes of its certificate.
//! - Whatever happens in an author's code, a panic too, becomes a [`diagnostic::Diagnostic`], and what a create or an
//!   update has reached until then is stored.
//! - Write-only values never enter a plan or a state, and values are never shown in messages of this library.
//! - A plan obeys Terraform's rules, or is refused with the path of the mistake; [`conformance`] checks them
//!   independently in tests.
//!
//! # Debugging a provider
//!
//! Start it with `--debug` (in a debugger, say) and run Terraform with the variable that it prints. Logs are events of
//! `tracing`; Terraform shows them by `TF_LOG`, `TF_LOG_PROVIDER` or `TF_LOG_PROVIDER_<NAME>`.

pub mod action;
pub mod codec;
pub mod conformance;
pub mod context;
pub mod data_source;
pub mod diagnostic;
pub mod ephemeral;
pub mod function;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
pub mod list;
pub mod markdown;
pub mod path;
pub mod plan;
mod plugin;
pub mod prelude;
pub mod provider;
pub mod raw;
pub mod resource;
pub mod schema;
pub mod schema_json;
mod serve;
pub mod server;
pub mod timeouts;
pub mod typed;
pub mod types;

pub use plugin::is_debugged;
pub use serve::{Options, serve};
pub use server::configuration_of;
pub use tfplugin_derive::TerraformSchema;
pub use timeouts::Timeouts;
pub use typed::TerraformSchema;

// What the derive macro writes names this crate; inside of it, it must find it too.
extern crate self as tfplugin;
