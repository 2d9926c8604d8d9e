//! The playground itself, on real control planes.

mod api_faults;
mod lifecycle;
mod playground;
mod support;
mod workloads;
