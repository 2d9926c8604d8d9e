//! Releases of charts. Resolving charts, reading releases and comparing renderings are done here; rendering and
//! writing releases is left to the `helm` executable.

pub mod chart;
pub mod manifest;
pub mod release;
mod yaml;
