//! The playground itself, on a real control plane.

mod lifecycle;
