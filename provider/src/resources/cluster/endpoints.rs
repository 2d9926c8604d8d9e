//! The addresses of a database, from the Services that KubeBlocks made. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use tfplugin::typed::Value;

use super::schema::{Endpoint, Map, ServiceEndpoint};
use crate::kubeblocks::naming;

/// The addresses of the components, each with the names of its further Services.
pub fn endpoints<'a>(
    namespace: &str,
    cluster: &str,
    components: impl IntoIterator<Item = (&'a String, Vec<&'a String>)>,
    services: &[Service],
) -> Map<Endpoint> {
    let by_name: BTreeMap<&str, &Service> =
        services.iter().filter_map(|service| Some((service.metadata.name.as_deref()?, service))).collect();
    components
        .into_iter()
        .filter_map(|(component, further)| {
            let main = by_name.get(naming::service(cluster, component).as_str()).copied();
            let further: Map<ServiceEndpoint> = further
                .into_iter()
                .filter_map(|name| {
                    let service = by_name.get(naming::extra_service(cluster, component, name).as_str())?;
                    Some((name.clone(), Value::Known(service_endpoint(namespace, service))))
                })
                .collect();
            if main.is_none() && further.is_empty() {
                return None;
            }
            let own_ports = main.map(ports).unwrap_or_default();
            let endpoint = Endpoint {
                host: main.and_then(|service| host(namespace, service)).into(),
                port: first_port(main).into(),
                ports: Value::Known(own_ports),
                services: Value::Known(further),
            };
            Some((component.clone(), Value::Known(endpoint)))
        })
        .collect()
}

fn service_endpoint(namespace: &str, service: &Service) -> ServiceEndpoint {
    ServiceEndpoint {
        host: host(namespace, service).into(),
        port: first_port(Some(service)).into(),
        ports: Value::Known(ports(service)),
        external_host: external_host(service).into(),
        node_port: all_ports(service).next().and_then(|port| port.node_port).map(i64::from).into(),
    }
}

fn host(namespace: &str, service: &Service) -> Option<String> {
    service.metadata.name.as_deref().map(|name| naming::service_host(name, namespace))
}

fn all_ports(service: &Service) -> impl Iterator<Item = &ServicePort> {
    service.spec.iter().flat_map(|spec| spec.ports.iter().flatten())
}

fn first_port(service: Option<&Service>) -> Option<i64> {
    service.and_then(|service| all_ports(service).next()).map(|port| i64::from(port.port))
}

/// By name; a port without one, which must be the only one, under its number.
fn ports(service: &Service) -> Map<i64> {
    all_ports(service)
        .map(|port| {
            let name =
                port.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| port.port.to_string());
            (name, Value::Known(i64::from(port.port)))
        })
        .collect()
}

/// The address that the cloud gave the load balancer.
pub fn external_host(service: &Service) -> Option<String> {
    let ingress = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?.first()?;
    ingress.hostname.clone().filter(|name| !name.is_empty()).or_else(|| ingress.ip.clone())
}

/// Whether a part of planned addresses is still to be learnt.
pub fn has_unknown(endpoints: &Value<Map<Endpoint>>) -> bool {
    endpoints.is_unknown()
        || endpoints.known().is_some_and(|endpoints| {
            endpoints.values().any(|endpoint| {
                endpoint.is_unknown()
                    || endpoint.known().is_some_and(|endpoint| endpoint.services.is_unknown())
            })
        })
}

/// Planned addresses with what was unknown in them as it is now. What was planned as known stays as planned.
pub fn fill(planned: Value<Map<Endpoint>>, observed: &Map<Endpoint>) -> Map<Endpoint> {
    let Value::Known(mut planned) = planned else { return observed.clone() };
    for (name, endpoint) in &mut planned {
        let Some(endpoint) = endpoint.known_mut().filter(|endpoint| endpoint.services.is_unknown()) else {
            continue;
        };
        let now = observed.get(name).and_then(Value::known).map(|endpoint| endpoint.services.clone());
        endpoint.services = now.unwrap_or_else(|| Value::Known(Map::new()));
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(value: serde_json::Value) -> Service {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn each_component_with_a_service_has_its_host_ports_and_further_services() {
        let services = [
            service(
                json!({"metadata": {"name": "orders-db"}, "spec": {"ports": [{"name": "sql", "port": 5432}, {"name": "pool", "port": 6432}]}}),
            ),
            service(json!({"metadata": {"name": "orders-db-headless"}, "spec": {"ports": [{"port": 5432}]}})),
            service(json!({
                "metadata": {"name": "orders-db-lb"},
                "spec": {"type": "LoadBalancer", "ports": [{"name": "sql", "port": 5432, "nodePort": 31000}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
            })),
            service(
                json!({"metadata": {"name": "orders-db-slow"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 7}]}}),
            ),
        ];
        let names: Vec<String> = ["db", "proxy", "lb", "slow", "missing"].map(str::to_owned).into();
        let [db, proxy, lb, slow, missing] = &names[..] else { unreachable!() };
        let found = endpoints("shop", "orders", [(db, vec![lb, slow, missing]), (proxy, vec![])], &services);

        assert_eq!(found.keys().collect::<Vec<_>>(), ["db"]);
        let endpoint = found["db"].known().unwrap();
        assert_eq!(endpoint.host, Value::Known("orders-db.shop.svc".to_owned()));
        assert_eq!(endpoint.port, Value::Known(5432));
        assert_eq!(endpoint.ports.known().unwrap()["pool"], Value::Known(6432));
        let further = endpoint.services.known().unwrap();
        assert_eq!(further.keys().collect::<Vec<_>>(), ["lb", "slow"]);
        let lb = further["lb"].known().unwrap();
        assert_eq!(lb.external_host, Value::Known("192.0.2.7".to_owned()));
        assert_eq!(lb.node_port, Value::Known(31000));
        assert_eq!(lb.host, Value::Known("orders-db-lb.shop.svc".to_owned()));
        let slow = further["slow"].known().unwrap();
        assert_eq!(slow.external_host, Value::Null);
        assert_eq!(slow.ports.known().unwrap()["7"], Value::Known(7));
    }

    #[test]
    fn a_load_balancer_is_named_by_host_name_before_address() {
        let named = service(
            json!({"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com", "ip": "192.0.2.1"}]}}}),
        );
        assert_eq!(external_host(&named).as_deref(), Some("lb.example.com"));
        let bare = service(json!({"status": {"loadBalancer": {}}}));
        assert_eq!(external_host(&bare), None);
    }

    #[test]
    fn only_what_was_unknown_is_filled() {
        let text = |text: &str| Value::Known(text.to_owned());
        let endpoint = |host: &str, services| {
            Value::Known(Endpoint { host: text(host), services, ..Endpoint::default() })
        };
        let further = Value::Known(Map::from([("lb".to_owned(), Value::Known(ServiceEndpoint::default()))]));
        let none = || Value::Known(Map::new());
        let observed = Map::from([
            ("a".to_owned(), endpoint("new", further.clone())),
            ("b".to_owned(), endpoint("new", further.clone())),
        ]);
        let planned = Value::Known(Map::from([
            ("a".to_owned(), endpoint("old", Value::Unknown)),
            ("b".to_owned(), endpoint("old", none())),
            ("c".to_owned(), endpoint("old", Value::Unknown)),
        ]));
        assert!(has_unknown(&planned) && has_unknown(&Value::Unknown) && !has_unknown(&Value::Null));
        let filled = fill(planned, &observed);
        assert_eq!(filled["a"], endpoint("old", further));
        assert_eq!(filled["b"], endpoint("old", none()));
        assert_eq!(filled["c"], endpoint("old", none()));
        assert!(!has_unknown(&Value::Known(filled)));
        assert_eq!(fill(Value::Unknown, &observed), observed);
    }
}
