//! The provider through the real `terraform` and `tofu`, on the playground.
//!
//! All tests share one control plane and one stand-in operator; each has a namespace of its own. Tests that hurt the
//! API server go through a proxy of their own.

// A failed expectation is how a test here ends, also in its helpers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

mod account;
mod addon_faults;
mod addon_functions;
mod addon_lifecycle;
mod attachable;
mod attached;
mod backup;
mod backup_repo;
mod backup_schedule;
mod bad_input;
mod catalog;
mod cloud_stack;
mod cloud_words;
mod cloud_world;
mod cluster_at_scale;
mod cluster_backup;
mod cluster_drift;
mod cluster_import;
mod cluster_interrupted;
mod cluster_lifecycle;
mod cluster_not_ready;
mod cluster_parameters;
mod cluster_prechecks;
mod cluster_restore;
mod cluster_running;
mod doctor;
mod documentation;
mod eks;
mod eks_interrupted;
mod eks_outside;
mod example_plans;
mod examples;
mod export;
mod hcl;
mod install;
mod inventory;
mod lookups;
mod managed_clouds;
mod managed_query;
mod mocks;
mod moved;
mod nodes_impact;
mod object;
mod operator_ends;
mod operator_faults;
mod operator_lifecycle;
mod ops_actions;
mod ops_request;
mod ops_request_faults;
mod permissions;
mod plan_impact;
#[allow(dead_code, reason = "the faults use the rest")]
mod platform;
mod playground;
mod plugin_process;
mod policies;
mod private_process;
mod query;
mod quickstart;
mod random_changes;
mod random_clouds;
mod recorded_states;
mod rpc;
mod secret_search;
mod secrets;
mod service_descriptor;
mod service_references;
mod several_clouds;
mod stack_review;
mod terraform;
mod time_limit;
mod tls;
mod unfinished;
mod upgrade;
