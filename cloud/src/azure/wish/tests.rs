use super::super::spec::{Mode, NodePoolSpec, ResourceGroup};
use super::*;
use crate::{ClusterId, Nodes};

type Change = fn(&mut ClusterSpec);

fn spec() -> ClusterSpec {
    ClusterSpec {
        name: "orders".to_owned(),
        owner: "abc".to_owned(),
        location: "westeurope".to_owned(),
        resource_group: ResourceGroup::Existing { name: "shop".to_owned() },
        network: Network::Managed,
        version: Some("1.34".to_owned()),
        sku_tier: Some("Standard".to_owned()),
        private_cluster: false,
        authorized_ip_ranges: vec!["198.51.100.7".to_owned(), "203.0.113.0/24".to_owned()],
        disable_local_accounts: false,
        admin_group_object_ids: Vec::new(),
        system_pool: NodePoolSpec {
            cluster: ClusterId(String::new()),
            name: "system".to_owned(),
            owner: "abc".to_owned(),
            nodes: Nodes { size: Some(3), ..Nodes::default() },
            mode: Mode::System,
            zones: Vec::new(),
            subnet_id: None,
            version: None,
            tags: BTreeMap::new(),
        },
        tags: [("team".to_owned(), "shop".to_owned())].into(),
    }
}

/// The cluster as AKS shows it after it was made.
fn shown(spec: &ClusterSpec) -> ManagedCluster {
    let mut cluster = wished(spec, None, Some("/x/virtualNetworks/v/subnets/s"), false);
    let properties = &mut cluster.properties;
    properties.provisioning_state = Some("Succeeded".to_owned());
    properties.current_kubernetes_version = Some("1.34.4".to_owned());
    properties.extra.insert("maxAgentPools".to_owned(), json!(100));
    // Azure spells a single address with its length.
    if let Some(access) = &mut properties.api_server_access_profile {
        access.authorized_ip_ranges = Some(vec!["203.0.113.0/24".to_owned(), "198.51.100.7/32".to_owned()]);
    }
    for pool in properties.agent_pool_profiles.iter_mut().flatten() {
        pool.provisioning_state = Some("Succeeded".to_owned());
    }
    cluster
}

#[test]
fn what_was_made_as_wished_does_not_change_and_is_seen_as_wished() {
    let spec = spec();
    let cluster = shown(&spec);
    assert_eq!(changed(&cluster, &spec), None);
    let place = Place { subscription: "s".to_owned(), group: "shop".to_owned(), name: "orders".to_owned() };
    let seen = observed(&place, &cluster, None, phase(&cluster));
    assert_eq!((seen.phase, seen.version.as_str()), (Phase::Active, "1.34"));
    assert_eq!(seen.platform_version.as_deref(), Some("1.34.4"));
    assert_eq!((seen.tags, seen.owner.as_deref(), seen.is_unfinished), (spec.tags, Some("abc"), false));
    assert_eq!(seen.network, ["/x/virtualNetworks/v", "/x/virtualNetworks/v/subnets/s"]);
    assert_eq!(seen.system_pool.map(|pool| pool.name).as_deref(), Some("system"));
}

#[test]
fn each_change_is_one_and_leaves_the_rest_as_it_is() {
    let table: [(&str, Change); 6] = [
        ("/tags", |spec| spec.tags.clear()),
        ("/sku/tier", |spec| spec.sku_tier = Some("Free".to_owned())),
        ("/sku/tier", |spec| spec.sku_tier = None),
        ("/properties/apiServerAccessProfile", |spec| spec.authorized_ip_ranges.clear()),
        ("/properties/aadProfile", |spec| spec.admin_group_object_ids = vec!["g".to_owned()]),
        ("/properties/disableLocalAccounts", |spec| spec.disable_local_accounts = true),
    ];
    for (field, change) in table {
        let mut spec = spec();
        let before = shown(&spec);
        change(&mut spec);
        let after = changed(&before, &spec).unwrap();
        let (old, new) = (serde_json::to_value(&before).unwrap(), serde_json::to_value(&after).unwrap());
        assert_ne!(old.pointer(field), new.pointer(field), "{field}");
        for kept in ["/properties/maxAgentPools", "/properties/networkProfile", "/location", "/identity"] {
            assert_eq!(old.pointer(kept), new.pointer(kept), "{field}");
        }
        assert_eq!(marks::owner(after.tags.as_ref()), Some("abc"), "{field}");
        assert_eq!(changed(&after, &spec), None, "{field}");
    }
}

#[test]
fn marks_come_with_the_request_and_one_of_them_goes() {
    let cluster = wished(&spec(), Some("/identity"), None, true);
    let tags = cluster.tags.as_ref();
    assert_eq!((marks::owner(tags), marks::is_unfinished(tags)), (Some("abc"), true));
    let done = finished(&cluster);
    let tags = done.tags.as_ref();
    assert_eq!((marks::owner(tags), marks::is_unfinished(tags)), (Some("abc"), false));
    assert_eq!(marks::unmarked(tags), spec().tags);
    let identities = cluster.identity.unwrap().user_assigned_identities.unwrap();
    assert_eq!(identities.keys().collect::<Vec<_>>(), ["/identity"]);
}

#[test]
fn services_and_pods_lie_beside_the_nodes() {
    let cases = [
        (Network::Managed, "10.0.0.0/16", "10.244.0.0/16"),
        (Network::Made { cidr: "10.1.0.0/16".to_owned() }, "10.0.0.0/16", "10.244.0.0/16"),
        (Network::Made { cidr: "10.0.128.0/20".to_owned() }, "172.30.0.0/16", "10.244.0.0/16"),
        (Network::Made { cidr: "10.0.0.0/8".to_owned() }, "172.30.0.0/16", "172.29.0.0/16"),
    ];
    for (wish, services, pods) in cases {
        let profile = network(&wish);
        assert_eq!(
            (&profile["serviceCidr"], &profile["podCidr"]),
            (&json!(services), &json!(pods)),
            "{wish:?}"
        );
    }
}

#[test]
fn what_aks_would_refuse_late_is_refused_at_once() {
    let table: [(&str, Change); 4] = [
        ("subnet_id", |spec| {
            spec.network = Network::Existing { subnet_id: "/x/virtualNetworks/v".to_owned() }
        }),
        ("admin_group_object_ids", |spec| spec.disable_local_accounts = true),
        ("authorized_ip_ranges", |spec| spec.private_cluster = true),
        ("cidr", |spec| spec.network = Network::Made { cidr: "10.0.0.0/33".to_owned() }),
    ];
    for (wrong, change) in table {
        let mut spec = spec();
        assert!(check(&spec).is_ok());
        change(&mut spec);
        match check(&spec) {
            Err(Error::InvalidSpec { field, .. }) => assert_eq!(field.as_deref(), Some(wrong)),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn a_cluster_whose_pool_changes_is_not_at_rest() {
    let mut cluster = shown(&spec());
    cluster.properties.agent_pool_profiles.as_mut().unwrap()[0].provisioning_state =
        Some("Scaling".to_owned());
    assert_eq!(phase(&cluster), Phase::Updating);
    assert_eq!(dns_prefix("-Orders_db-"), "Orders-db");
}
