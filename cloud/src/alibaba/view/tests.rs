use super::*;

fn pool(value: serde_json::Value) -> Pool {
    serde_json::from_value(value).unwrap()
}

#[test]
fn states_mean_what_they_mean() {
    let failed = |state: &str| Phase::Failed(format!("the cluster is {state}"));
    for (state, phase) in [
        ("initial", Phase::Creating),
        ("running", Phase::Active),
        ("upgrading", Phase::Updating),
        ("draining", Phase::Updating),
        ("deleting", Phase::Deleting),
        ("failed", failed("failed")),
        ("unavailable", failed("unavailable")),
    ] {
        let cluster = Cluster { state: state.to_owned(), ..Cluster::default() };
        assert_eq!(cluster.phase(), phase, "{state}");
    }
}

#[test]
fn the_public_address_goes_first() {
    let table = [
        (
            r#"{"api_server_endpoint":"https://a","intranet_api_server_endpoint":"https://b"}"#,
            Some(("https://a", true)),
        ),
        (r#"{"intranet_api_server_endpoint":"https://b"}"#, Some(("https://b", false))),
        ("{}", None),
        ("", None),
    ];
    for (text, wanted) in table {
        let cluster = Cluster { master_url: text.to_owned(), ..Cluster::default() };
        let wanted = wanted.map(|(url, is_public)| Endpoint { url: url.to_owned(), is_public });
        assert_eq!(cluster.endpoint(), wanted, "{text}");
    }
}

#[test]
fn marks_and_the_cloud_s_own_tags_are_no_tags() {
    let pair = |key: &str| Pair { key: key.to_owned(), value: "x".to_owned() };
    let marks = [OWNER_TAG, UNFINISHED_TAG, NETWORK_TAG, SYSTEM_TAG];
    let tags = marks.into_iter().chain(["ack.aliyun.com", "acs:x", "team"]).map(pair).collect();
    let cluster = Cluster { tags, ..Cluster::default() };
    let observed = cluster.observed(None, None);
    assert_eq!(observed.tags.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!((observed.owner.as_deref(), observed.is_unfinished), (Some("x"), true));
}

#[test]
fn a_pool_without_its_nodes_is_not_ready_and_may_say_why() {
    let value = serde_json::json!({
        "nodepool_info": {"name": "one"},
        "scaling_group": {"desired_size": 3},
        "status": {"state": "active", "total_nodes": 1, "healthy_nodes": 1},
    });
    let mut short = pool(value);
    assert!(!short.is_ready() && short.complaint().is_none());
    assert_eq!(short.progress(), "node pool \"one\" (active, 1 of 3 nodes)");
    let condition = |status: &str| Condition {
        reason: "NoStock".to_owned(),
        message: "none left".to_owned(),
        status: status.to_owned(),
    };
    short.status.conditions = vec![condition("True"), condition("False")];
    assert_eq!(short.complaint().as_deref(), Some("none left (NoStock)"));
    assert_eq!(short.phase(), Phase::Failed("none left (NoStock)".to_owned()));
    short.status.healthy_nodes = 3;
    assert!(short.is_ready() && short.complaint().is_none());
}

#[test]
fn the_system_pool_is_the_marked_one_else_the_default_one_else_the_oldest() {
    let old = pool(serde_json::json!({"nodepool_info": {"name": "old", "created": "2026-01-01"}}));
    let default = pool(
        serde_json::json!({"nodepool_info": {"name": "default", "is_default": true, "created": "2026-01-02"}}),
    );
    let marked = pool(serde_json::json!({
        "nodepool_info": {"name": "marked", "created": "2026-01-03"},
        "scaling_group": {"tags": [{"key": SYSTEM_TAG, "value": "true"}]},
    }));
    let young = pool(serde_json::json!({"nodepool_info": {"name": "young", "created": "2026-01-04"}}));
    let name = |pools: &[&Pool]| {
        system_pool(pools.iter().copied().cloned().collect()).map(|pool| pool.nodepool_info.name)
    };
    assert_eq!(name(&[&young, &marked, &default, &old]).as_deref(), Some("marked"));
    assert_eq!(name(&[&young, &default, &old]).as_deref(), Some("default"));
    assert_eq!(name(&[&young, &old]).as_deref(), Some("old"));
    assert_eq!(name(&[]), None);
}

#[test]
fn the_version_of_nodes_is_the_kubelet_s() {
    let version =
        |components: serde_json::Value| pool(serde_json::json!({ "node_components": components })).version();
    let kubelet = |version: &str| serde_json::json!({"name": "kubelet", "version": version});
    assert_eq!(version(serde_json::json!([kubelet("1.33.3-aliyun.1")])).as_deref(), Some("1.33"));
    assert_eq!(version(serde_json::json!([{"name": "runtime", "version": "2.1.3"}])), None);
    assert_eq!(version(serde_json::json!([kubelet("")])), None);
    assert_eq!(version(serde_json::Value::Null), None);
}

#[test]
fn versions_are_sorted_by_their_numbers() {
    assert_eq!(minor("1.34.1-aliyun.1"), "1.34");
    assert!(order("1.34.10-aliyun.1") > order("1.34.9-aliyun.2"));
    assert!(order("1.34.1-aliyun.10") > order("1.34.1-aliyun.9"));
}
