//! The playground: a real Kubernetes control plane with a stand-in for the `KubeBlocks` operator, and the tools of the
//! end-to-end tests. The demo and the tests run on it; the provider knows nothing of it.

pub mod addon_jobs;
pub mod api_faults;
pub mod audit;
pub mod charts;
pub mod clouds;
pub mod control_plane;
pub mod kubeconfig;
pub mod operator;
pub mod tools;
