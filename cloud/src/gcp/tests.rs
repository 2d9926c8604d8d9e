//! Tests of the whole without a cloud.

use super::*;
use crate::client::retry::Retry;

/// A client that asks nobody anything.
async fn client() -> Gke {
    // Fails only when one was set before, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config {
        project: Some("p".to_owned()),
        access_token: Some(Secret("marker-1".to_owned())),
        retry: Retry::default(),
        ..Config::default()
    };
    connect_in(&config, &|_| None).await.unwrap()
}

#[tokio::test]
async fn the_calls_are_no_burden_for_a_stack() {
    let cloud = client().await;
    let id = cloud.cluster_id("europe-west4", "orders");
    println!(
        "{} {} {} ",
        size_of::<google_cloud_container_v1::model::Cluster>(),
        size_of::<google_cloud_container_v1::model::NodePool>(),
        size_of::<google_cloud_container_v1::model::ClusterUpdate>()
    );
    println!("{}", std::mem::size_of_val(&cloud.observe(&id)));
    println!("{}", std::mem::size_of_val(&cloud.find(&id)));
    let pool = PoolId { cluster: id.clone(), pool: "p".to_owned() };
    println!("{}", std::mem::size_of_val(&cloud.observe_pool(&pool)));
    println!("{}", std::mem::size_of_val(&cloud.versions()));
    println!("{}", std::mem::size_of_val(&cloud.delete(&id, "x", &mut Made::default())));
    println!("{}", std::mem::size_of_val(&cloud.delete_pool(&pool, &mut Made::default())));
    println!("{}", std::mem::size_of_val(&cloud.change_pool("x", "y", difference::PoolStep::Size(1))));
}
