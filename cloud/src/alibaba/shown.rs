//! What is known of clusters and pools, and the wishes that leave them as ACK shows them. Pure.

use super::network;
use super::spec::{ClusterSpec, Network, NodePoolSpec, PodNetwork};
use super::view::{Cluster, Pool, plain};
use super::{Seen, SeenPool};
use crate::{ClusterId, NETWORK_TAG, Nodes, OWNER_TAG, UNFINISHED_TAG};

impl Cluster {
    /// What is known of it. `system` is the pool that it was made with.
    pub(super) fn observed(&self, ca_certificate: Option<String>, system: Option<&Pool>) -> Seen {
        let id = ClusterId(self.id.clone());
        let network = [&self.vpc_id].into_iter().chain(&self.vswitch_ids);
        let wish = self.wish(&id, system);
        Seen {
            name: self.name.clone(),
            phase: self.phase(),
            version: self.minor(),
            platform_version: some(&self.current_version),
            endpoint: self.endpoint().map(|endpoint| endpoint.url),
            ca_certificate,
            oidc_issuer: self.issuer(),
            owner: self.tag(OWNER_TAG).map(str::to_owned),
            is_unfinished: self.tag(UNFINISHED_TAG).is_some(),
            network: network.filter(|id| !id.is_empty()).cloned().collect(),
            tags: wish.tags.clone(),
            system_pool: system.map(|pool| pool.observed(&id)),
            wish,
        }
    }

    fn wish(&self, id: &ClusterId, system: Option<&Pool>) -> ClusterSpec {
        let parameters = self.parameters.as_ref();
        let nat = parameters.and_then(|told| told.snat_entry.as_deref());
        let services = parameters.and_then(|told| told.service_cidr.as_deref());
        ClusterSpec {
            name: self.name.clone(),
            owner: self.tag(OWNER_TAG).unwrap_or_default().to_owned(),
            version: some(&self.minor()),
            cluster_spec: self.edition.clone(),
            network: self
                .tag(NETWORK_TAG)
                .and_then(network::of_mark)
                .unwrap_or_else(|| Network::Existing { vswitch_ids: self.vswitch_ids.clone() }),
            pod_network: self.pod_network(),
            service_cidr: self.service_cidr.as_deref().and_then(some).or_else(|| services.and_then(some)),
            // Of these two, nothing said is a yes.
            endpoint_public_access: self.endpoint().is_none_or(|endpoint| endpoint.is_public),
            snat_entry: nat.is_none_or(|told| !told.eq_ignore_ascii_case("false")),
            system_node_pool: match system {
                Some(pool) => pool.wish(id),
                None => NodePoolSpec { nodes: Nodes::default(), ..Pool::default().wish(id) },
            },
            tags: plain(&self.tags),
        }
    }

    fn pod_network(&self) -> PodNetwork {
        let parameters = self.parameters.as_ref();
        let plugin = parameters.and_then(|told| told.plugin.as_deref()).unwrap_or_default();
        let block = self.container_cidr.as_deref().and_then(some);
        let block =
            block.or_else(|| parameters.and_then(|told| told.container_cidr.as_deref().and_then(some)));
        if let Some(pod_cidr) = block.filter(|_| !plugin.starts_with("terway")) {
            return PodNetwork::Flannel { pod_cidr };
        }
        // A list as text.
        let told = parameters.and_then(|told| told.pod_vswitch_ids.as_deref());
        let mut ids: Vec<String> = told.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        // Those of the nodes need not be said.
        if ids.len() == self.vswitch_ids.len() && ids.iter().all(|id| self.vswitch_ids.contains(id)) {
            ids.clear();
        }
        PodNetwork::Terway { pod_vswitch_ids: ids }
    }
}

impl Pool {
    /// What is known of it.
    pub(super) fn observed(&self, cluster: &ClusterId) -> SeenPool {
        let wish = self.wish(cluster);
        SeenPool {
            name: wish.name.clone(),
            phase: self.phase(),
            nodes: wish.nodes.clone(),
            version: self.version(),
            tags: wish.tags.clone(),
            owner: self.tag(OWNER_TAG).map(str::to_owned),
            is_unfinished: self.tag(UNFINISHED_TAG).is_some(),
            wish,
        }
    }

    fn wish(&self, cluster: &ClusterId) -> NodePoolSpec {
        let group = &self.scaling_group;
        NodePoolSpec {
            cluster: cluster.clone(),
            name: self.nodepool_info.name.clone(),
            owner: self.tag(OWNER_TAG).unwrap_or_default().to_owned(),
            nodes: Nodes {
                machine_types: group.instance_types.clone(),
                disk_size_gib: group.system_disk_size,
                size: Some(self.size()),
                autoscaling: self.autoscaling(),
                labels: self.labels(),
                taints: self.taints(),
                spot: self.is_spot(),
            },
            vswitch_ids: group.vswitch_ids.clone(),
            system_disk_category: group.system_disk_category.as_deref().and_then(some),
            image_type: group.image_type.as_deref().and_then(some),
            key_pair: group.key_pair.as_deref().and_then(some),
            version: None,
            tags: self.tags(),
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::body::{self, Marks};
    use super::super::view::{Runtime, SYSTEM_TAG};
    use super::*;
    use crate::Taint;

    type Change = fn(&mut ClusterSpec);

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn spec() -> ClusterSpec {
        ClusterSpec {
            name: "one".to_owned(),
            owner: "me".to_owned(),
            version: Some("1.34".to_owned()),
            cluster_spec: "ack.pro.small".to_owned(),
            network: Network::Made { cidr: "10.0.0.0/16".to_owned(), zones: texts(&["h-b", "h-a"]) },
            pod_network: PodNetwork::Terway { pod_vswitch_ids: Vec::new() },
            service_cidr: Some("172.21.0.0/20".to_owned()),
            endpoint_public_access: true,
            snat_entry: true,
            system_node_pool: NodePoolSpec {
                cluster: ClusterId("c1".to_owned()),
                name: "system".to_owned(),
                owner: "me".to_owned(),
                nodes: Nodes {
                    machine_types: texts(&["ecs.g7.xlarge", "ecs.g6.xlarge"]),
                    disk_size_gib: Some(100),
                    size: Some(2),
                    autoscaling: None,
                    labels: [("tier".to_owned(), "db".to_owned())].into(),
                    taints: vec![Taint {
                        key: "only".to_owned(),
                        value: String::new(),
                        effect: "NoSchedule".to_owned(),
                    }],
                    spot: false,
                },
                vswitch_ids: texts(&["vsw-1"]),
                system_disk_category: Some("cloud_essd".to_owned()),
                image_type: Some("AliyunLinux3".to_owned()),
                key_pair: Some("mine".to_owned()),
                version: None,
                tags: [("cost".to_owned(), "42".to_owned())].into(),
            },
            tags: [("team".to_owned(), "data".to_owned())].into(),
        }
    }

    /// The cluster and its pool as ACK shows what was asked for: some of it under another name.
    fn shown(spec: &ClusterSpec) -> (Cluster, Pool) {
        let network = texts(&["vsw-1", "vsw-2"]);
        let version = ("1.34.1-aliyun.1", &Runtime::default());
        let mut body = body::cluster(spec, "cn", ("vpc-1", &network), version, "secret", "token");
        let pool = serde_json::from_value(body["nodepools"][0].take()).unwrap();
        let pods = body.get("pod_vswitch_ids").map(Value::to_string);
        let url =
            if spec.endpoint_public_access { "api_server_endpoint" } else { "intranet_api_server_endpoint" };
        let told = |yes: bool| if yes { "True" } else { "False" };
        body["cluster_id"] = json!("c1");
        body["current_version"] = body["kubernetes_version"].clone();
        body["master_url"] = json!(json!({url: "https://a"}).to_string());
        body["parameters"] = json!({
            "Network": body["addons"][0]["name"],
            "PodVswitchIds": pods,
            "SNatEntry": told(spec.snat_entry),
            "Eip": null,
        });
        (serde_json::from_value(body).unwrap(), pool)
    }

    #[test]
    fn what_is_shown_is_what_was_wished() {
        let table: [Change; 6] = [
            |_| {},
            |spec| spec.network = Network::Existing { vswitch_ids: texts(&["vsw-1", "vsw-2"]) },
            |spec| spec.pod_network = PodNetwork::Terway { pod_vswitch_ids: texts(&["vsw-3"]) },
            |spec| spec.pod_network = PodNetwork::Flannel { pod_cidr: "172.22.0.0/16".to_owned() },
            |spec| (spec.endpoint_public_access, spec.snat_entry) = (false, false),
            |spec| {
                let pool = &mut spec.system_node_pool;
                (pool.nodes.spot, pool.key_pair) = (true, None);
                pool.nodes.labels.clear();
                pool.nodes.taints.clear();
                pool.tags.clear();
                spec.tags.clear();
            },
        ];
        for change in table {
            let mut spec = spec();
            change(&mut spec);
            let (cluster, pool) = shown(&spec);
            let observed = cluster.observed(None, Some(&pool));
            assert_eq!(observed.wish, spec);
            let system = observed.system_pool.unwrap();
            assert_eq!(system.wish, spec.system_node_pool);
            let marks = Marks { is_unfinished: false, is_system: true };
            assert_eq!(body::change(&system.wish, "me", &pool, marks), None);
        }
    }

    #[test]
    fn the_size_of_a_pool_that_scales_by_itself_is_that_of_now() {
        let mut wished = spec();
        wished.system_node_pool.nodes.autoscaling = Some((1, 5));
        let (_, mut pool) = shown(&wished);
        pool.status.total_nodes = 4;
        let wish = pool.wish(&ClusterId("c1".to_owned()));
        assert_eq!((wish.nodes.size, wish.nodes.autoscaling), (Some(4), Some((1, 5))));
    }

    #[test]
    fn what_is_not_shown_is_as_nothing_said() {
        let cluster: Cluster = serde_json::from_value(json!({
            "cluster_id": "c1", "name": "two", "current_version": "1.33.3-aliyun.1", "cluster_spec": "ack.standard",
            "vswitch_ids": ["vsw-1"], "container_cidr": "", "service_cidr": null, "parameters": null,
        }))
        .unwrap();
        let wish = cluster.observed(None, None).wish;
        let expected = ClusterSpec {
            name: "two".to_owned(),
            owner: String::new(),
            version: Some("1.33".to_owned()),
            cluster_spec: "ack.standard".to_owned(),
            network: Network::Existing { vswitch_ids: texts(&["vsw-1"]) },
            service_cidr: None,
            system_node_pool: wish.system_node_pool.clone(),
            tags: [].into(),
            ..spec()
        };
        assert_eq!(wish, expected);
        assert_eq!(wish.system_node_pool.nodes, Nodes::default());
    }

    #[test]
    fn what_others_made_is_left_without_marks() {
        let pool: Pool = serde_json::from_value(json!({
            "nodepool_info": {"name": "default"},
            "scaling_group": {"instance_types": ["ecs.g7.xlarge"], "spot_strategy": "NoSpot", "key_pair": ""},
            "status": {"state": "active", "total_nodes": 3, "healthy_nodes": 3},
        }))
        .unwrap();
        let wish = pool.wish(&ClusterId("c1".to_owned()));
        assert_eq!((wish.owner.as_str(), wish.nodes.size, wish.key_pair.as_ref()), ("", Some(3), None));
        assert_eq!(body::change(&wish, &wish.owner, &pool, Marks::of(&pool)), None);
        let owned = body::change(&wish, "me", &pool, Marks { is_unfinished: false, is_system: true });
        let tags = owned.unwrap_or_default()["scaling_group"]["tags"].take();
        let pair = |key: &str, value: &str| json!({"key": key, "value": value});
        assert_eq!(tags, Value::from(vec![pair(OWNER_TAG, "me"), pair(SYSTEM_TAG, "true")]));
    }
}
