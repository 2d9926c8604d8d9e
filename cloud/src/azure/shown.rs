//! The wish that leaves a cluster or a pool as AKS shows it. Pure.

use serde_json::Value;

use super::ids::Place;
use super::model::{ManagedCluster, Pool};
use super::spec::{ClusterSpec, Mode, Network, NodePoolSpec, ResourceGroup};
use super::{marks, pool as pools, version, wish};
use crate::{ClusterId, Nodes};

/// What is the same as no tier that was asked for.
pub(super) const USUAL_TIER: &str = "Free";

/// The wish for the cluster at a place.
pub(super) fn cluster(place: &Place, cluster: &ManagedCluster) -> ClusterSpec {
    let properties = &cluster.properties;
    let access = properties.api_server_access_profile.as_ref();
    let groups = properties.aad_profile.as_ref().and_then(|entra| entra.admin_group_object_ids.clone());
    let tier = cluster.sku.as_ref().and_then(|sku| sku.tier.clone());
    let tags = cluster.tags.as_ref();
    let id = ClusterId(place.cluster());
    let system = wish::system_pool(cluster);
    let name = cluster.extra.get("name").and_then(Value::as_str).unwrap_or(&place.name);
    ClusterSpec {
        name: name.to_owned(),
        owner: marks::owner(tags).unwrap_or_default().to_owned(),
        location: cluster.location.clone().unwrap_or_default(),
        resource_group: group(place, name, marks::owner(tags).is_some()),
        network: network(cluster, system),
        version: wish::running(cluster).map(version::minor),
        sku_tier: tier.filter(|tier| !tier.eq_ignore_ascii_case(USUAL_TIER)),
        private_cluster: access.and_then(|access| access.enable_private_cluster).unwrap_or_default(),
        authorized_ip_ranges: access
            .and_then(|access| access.authorized_ip_ranges.clone())
            .unwrap_or_default(),
        disable_local_accounts: properties.disable_local_accounts.unwrap_or_default(),
        admin_group_object_ids: groups.unwrap_or_default(),
        system_pool: match system {
            Some(system) => pool(&id, system, system.name.as_deref().unwrap_or_default()),
            None => NodePoolSpec { mode: Mode::System, ..pool(&id, &Pool::default(), "") },
        },
        tags: marks::unmarked(tags),
    }
}

/// The wish for a pool.
pub(super) fn pool(cluster: &ClusterId, pool: &Pool, name: &str) -> NodePoolSpec {
    let is_scaling = pool.enable_auto_scaling == Some(true);
    NodePoolSpec {
        cluster: cluster.clone(),
        name: name.to_owned(),
        owner: marks::owner(pool.tags.as_ref()).unwrap_or_default().to_owned(),
        nodes: Nodes {
            machine_types: pool.vm_size.iter().cloned().collect(),
            disk_size_gib: pool.os_disk_size_gb,
            size: pool.count,
            autoscaling: pool.min_count.zip(pool.max_count).filter(|_| is_scaling),
            labels: pools::labels(pool),
            taints: pools::taints(pool),
            spot: pool.scale_set_priority.as_deref() == Some("Spot"),
        },
        mode: if pools::is_system(pool) { Mode::System } else { Mode::User },
        zones: pool.availability_zones.clone().unwrap_or_default(),
        subnet_id: pool.vnet_subnet_id.clone(),
        version: pools::running(pool).map(version::minor),
        tags: marks::unmarked(pool.tags.as_ref()),
    }
}

/// A group of this name beside a cluster of ours was made with it; Azure does not regard the case of names.
fn group(place: &Place, cluster: &str, is_ours: bool) -> ResourceGroup {
    let name = format!("kubeblocks-{cluster}");
    if is_ours && name.eq_ignore_ascii_case(&place.group) {
        return ResourceGroup::Made { name };
    }
    ResourceGroup::Existing { name: place.group.clone() }
}

fn network(cluster: &ManagedCluster, system: Option<&Pool>) -> Network {
    match (marks::network(cluster.tags.as_ref()), system.and_then(|pool| pool.vnet_subnet_id.clone())) {
        (Some(cidr), _) => Network::Made { cidr: cidr.to_owned() },
        (None, Some(subnet_id)) => Network::Existing { subnet_id },
        (None, None) => Network::Managed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::around;
    use super::*;
    use crate::Taint;

    type Change = fn(&mut ClusterSpec);

    const SUBNET: &str = "/x/virtualNetworks/v/subnets/s";

    fn place(group: &str) -> Place {
        Place { subscription: "s".to_owned(), group: group.to_owned(), name: "orders".to_owned() }
    }

    fn spec() -> ClusterSpec {
        let place = place("kubeblocks-orders");
        ClusterSpec {
            name: "orders".to_owned(),
            owner: "abc".to_owned(),
            location: "westeurope".to_owned(),
            resource_group: ResourceGroup::Made { name: place.group.clone() },
            network: Network::Made { cidr: "10.1.0.0/16".to_owned() },
            version: Some("1.34".to_owned()),
            sku_tier: Some("Standard".to_owned()),
            private_cluster: false,
            authorized_ip_ranges: vec!["203.0.113.0/24".to_owned()],
            disable_local_accounts: true,
            admin_group_object_ids: vec!["g".to_owned()],
            system_pool: NodePoolSpec {
                cluster: ClusterId(place.cluster()),
                name: "system".to_owned(),
                owner: "abc".to_owned(),
                nodes: Nodes {
                    machine_types: vec!["Standard_D4s_v5".to_owned()],
                    disk_size_gib: Some(64),
                    size: Some(3),
                    autoscaling: Some((2, 5)),
                    labels: [("tier".to_owned(), "db".to_owned())].into(),
                    taints: vec![Taint {
                        key: "only".to_owned(),
                        value: String::new(),
                        effect: "NoSchedule".to_owned(),
                    }],
                    spot: false,
                },
                mode: Mode::System,
                zones: vec!["1".to_owned(), "2".to_owned()],
                subnet_id: Some(place.subnet()),
                version: Some("1.34".to_owned()),
                tags: [("cost".to_owned(), "42".to_owned())].into(),
            },
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    /// The cluster as AKS shows what was asked for.
    fn made(spec: &ClusterSpec) -> ManagedCluster {
        let place = place(spec.resource_group.name());
        let subnet = around::subnet(&place, spec);
        let mut cluster = wish::wished(spec, None, subnet.as_deref(), false);
        cluster.extra.insert("name".to_owned(), json!("orders"));
        cluster.properties.current_kubernetes_version = Some("1.34.4".to_owned());
        cluster
    }

    fn existing(spec: &mut ClusterSpec) {
        let name = "shop".to_owned();
        spec.system_pool.cluster = ClusterId(place(&name).cluster());
        spec.resource_group = ResourceGroup::Existing { name };
    }

    #[test]
    fn what_is_shown_is_what_was_wished_and_changes_nothing() {
        let table: [Change; 7] = [
            |_| {},
            |spec| existing(spec),
            |spec| {
                spec.network = Network::Existing { subnet_id: SUBNET.to_owned() };
                spec.system_pool.subnet_id = Some(SUBNET.to_owned());
            },
            |spec| {
                spec.network = Network::Managed;
                spec.system_pool.subnet_id = None;
            },
            |spec| {
                spec.authorized_ip_ranges.clear();
                (spec.private_cluster, spec.sku_tier) = (true, None);
            },
            |spec| {
                spec.disable_local_accounts = false;
                spec.admin_group_object_ids.clear();
                spec.tags.clear();
            },
            |spec| {
                spec.system_pool.nodes = Nodes { size: Some(1), ..Nodes::default() };
                spec.system_pool.zones.clear();
                spec.system_pool.tags.clear();
            },
        ];
        for change in table {
            let mut spec = spec();
            change(&mut spec);
            let cluster = made(&spec);
            let shown = super::cluster(&place(spec.resource_group.name()), &cluster);
            assert_eq!(shown, spec);
            assert_eq!(wish::changed(&cluster, &shown), None);
            let system = wish::system_pool(&cluster).unwrap();
            assert_eq!(pools::changed(system, &shown.system_pool, None), None);
        }
    }

    #[test]
    fn the_cloud_s_own_words_for_nothing_said_are_nothing_said() {
        let cluster: ManagedCluster = serde_json::from_value(json!({
            "location": "westeurope",
            "sku": {"name": "Base", "tier": "Free"},
            "properties": {
                "kubernetesVersion": "1.33", "disableLocalAccounts": false,
                "apiServerAccessProfile": {"authorizedIPRanges": [], "enablePrivateCluster": false},
                "aadProfile": {"managed": true},
            },
        }))
        .unwrap();
        let mut expected = ClusterSpec {
            owner: String::new(),
            network: Network::Managed,
            version: Some("1.33".to_owned()),
            sku_tier: None,
            authorized_ip_ranges: Vec::new(),
            disable_local_accounts: false,
            admin_group_object_ids: Vec::new(),
            system_pool: NodePoolSpec {
                cluster: ClusterId(String::new()),
                name: String::new(),
                owner: String::new(),
                nodes: Nodes::default(),
                mode: Mode::System,
                zones: Vec::new(),
                subnet_id: None,
                version: None,
                tags: BTreeMap::new(),
            },
            tags: BTreeMap::new(),
            ..spec()
        };
        // Without the owner's mark, a group of that name is somebody's.
        for group in ["kubeblocks-orders", "shop"] {
            expected.resource_group = ResourceGroup::Existing { name: group.to_owned() };
            expected.system_pool.cluster = ClusterId(place(group).cluster());
            assert_eq!(super::cluster(&place(group), &cluster), expected);
        }
        assert_eq!(wish::changed(&cluster, &expected), None);
    }

    #[test]
    fn a_made_group_is_known_in_any_case() {
        let made = ResourceGroup::Made { name: "kubeblocks-orders".to_owned() };
        assert_eq!(group(&place("KubeBlocks-ORDERS"), "orders", true), made);
    }

    #[test]
    fn what_aks_adds_to_spot_nodes_is_no_wish() {
        let spot: Pool = serde_json::from_value(json!({
            "count": 2, "mode": "Gateway", "scaleSetPriority": "Spot", "enableAutoScaling": false,
            "nodeLabels": {"kubernetes.azure.com/scalesetpriority": "spot"},
            "nodeTaints": ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"],
        }))
        .unwrap();
        let shown = pool(&ClusterId("/c".to_owned()), &spot, "data");
        assert_eq!(shown.nodes, Nodes { size: Some(2), spot: true, ..Nodes::default() });
        assert_eq!((shown.mode, shown.owner.as_str()), (Mode::User, ""));
        assert_eq!(pools::changed(&spot, &shown, None), None);
    }
}
