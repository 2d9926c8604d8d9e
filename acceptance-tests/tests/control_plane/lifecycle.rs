//! Start, stop, and what remains of a control plane.

use acceptance_tests::control_plane::{ControlPlane, Options};
use k8s_openapi::api::core::v1::Node;
use kube::Api;

#[tokio::test]
async fn all_nodes_are_ready_when_the_start_returns() {
    let plane = ControlPlane::start(Options { nodes: 4, ..Options::default() }).await.unwrap();
    let nodes = Api::<Node>::all(plane.client().await.unwrap()).list(&Default::default()).await.unwrap();
    assert_eq!(nodes.items.len(), 4);
    for node in nodes {
        let conditions = node.status.and_then(|status| status.conditions).unwrap_or_default();
        assert!(conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"));
        assert!(node.spec.and_then(|spec| spec.taints).unwrap_or_default().is_empty());
    }
}
