//! The playground itself, on real control planes.

mod api_faults;
mod lifecycle;
mod support;
mod workloads;
