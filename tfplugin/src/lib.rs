//! Write Terraform and OpenTofu providers in Rust. Placeholder: the page is written with the parts.
pub mod action;
pub mod context;
pub mod data_source;
pub mod diagnostic;
pub mod ephemeral;
pub mod function;
mod generated;
pub mod list;
pub mod path;
pub mod plan;
pub mod provider;
pub mod raw;
pub mod resource;
pub mod schema;
pub mod server;
pub mod typed;
pub mod types;
