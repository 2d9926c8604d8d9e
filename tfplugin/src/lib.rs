//! Write Terraform and OpenTofu providers in Rust. Placeholder: the page is written with the parts.
pub mod action;
pub mod codec;
pub mod conformance;
pub mod context;
pub mod data_source;
pub mod diagnostic;
pub mod ephemeral;
pub mod function;
mod generated;
pub mod list;
pub mod path;
pub mod plan;
mod plugin;
pub mod prelude;
pub mod provider;
pub mod raw;
pub mod resource;
pub mod schema;
mod serve;
pub mod server;
pub mod timeouts;
pub mod typed;
pub mod types;

pub use timeouts::Timeouts;
pub use serve::{Options, serve};
pub use tfplugin_derive::TerraformSchema;
pub use typed::TerraformSchema;

// What the derive macro writes names this crate; inside of it, it must find it too.
extern crate self as tfplugin;
