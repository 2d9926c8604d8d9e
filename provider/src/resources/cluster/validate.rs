//! Checks of a configuration that need no server, as far as it is known. What KubeBlocks accepts is decided in the crate
//! `kubeblocks-schemas`; here its findings get their attribute paths, and rules of our own attributes are added.

use kubeblocks_schemas::catalogue::Catalogue;
use kubeblocks_schemas::validate::check_cluster;
use tfplugin::prelude::*;

use super::input;
use super::schema::ClusterState;

/// Adds a finding for each thing that is wrong.
pub fn config(config: &ClusterState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    for problem in check_cluster(&input::cluster(config), Catalogue::v0_7()) {
        diagnostics.push(input::diagnostic(&problem));
    }
}
