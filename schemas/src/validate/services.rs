//! Checks of the Services of components, and of the names that Services of one cluster get.

use std::collections::BTreeMap;

use super::cluster::Context;
use super::component::{Known, definition_of};
use super::{ComponentInput, Path, ProblemKind, Problems};
use crate::names::NameKind;
use crate::v1alpha1::ServiceType;

const LOAD_BALANCER: &str = "LoadBalancer";
const EXPOSURES: &[&str] = &["internet", "vpc"];
/// Suffix of the Service of all instances, which every component has.
const HEADLESS: &str = "headless";

pub(super) fn check(problems: &mut Problems, path: &Path, component: &Known<'_>) {
    let path = path.attribute("services");
    for (name, service) in &component.input.services {
        let path = path.key(name);
        problems.check_name(&path, NameKind::Service, name);
        problems.check_value(
            &path.attribute("type"),
            "service type",
            &service.service_type,
            ServiceType::KNOWN,
        );
        let at = path.attribute("exposure");
        problems.check_value(&at, "exposure", &service.exposure, EXPOSURES);
        let other_type = !service.service_type.is_unknown()
            && service.service_type.known().is_none_or(|written| written != LOAD_BALANCER);
        if !service.exposure.is_absent() && other_type {
            problems.error(
                &at,
                ProblemKind::Conflict,
                "only a Service of type LoadBalancer has an exposure",
                "set the type LoadBalancer, or leave the exposure out",
            );
        }
        if let Some(definition) = component.definition
            && definition.ports.is_empty()
        {
            problems.warning(
                &path,
                ProblemKind::Ignored,
                format!("{:?} has no Service, so this one would never be made", definition.name),
                "leave it out",
            );
        }
    }
}

/// Names of Services are glued together from those of the cluster, the component and the Service, so that
/// different components can end up with one name.
pub(super) fn check_names(
    problems: &mut Problems,
    path: &Path,
    components: &BTreeMap<String, ComponentInput>,
    context: &Context<'_>,
) {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in components {
        let has_service = definition_of(name, input, context).is_none_or(|found| !found.ports.is_empty());
        if has_service {
            owners.insert(name.clone(), format!("component {name:?}"));
        }
        owners.insert(format!("{name}-{HEADLESS}"), format!("all instances of component {name:?}"));
    }
    for (name, input) in components {
        for service in input.services.keys() {
            let full = format!("{name}-{service}");
            let owner = format!("service {service:?} of component {name:?}");
            let at = path.key(name).attribute("services").key(service);
            if let Some(other) = owners.get(&full) {
                let message = format!("the name <cluster>-{full} is already that of the Service for {other}");
                problems.error(&at, ProblemKind::DuplicateServiceName, message, "use another service name");
            } else {
                owners.insert(full, owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{assert_found, cluster, component, main, redis};
    use super::super::{ClusterInput, ComponentInput, Field, ServiceInput};

    fn with(name: &'static str, service: ServiceInput) -> impl Fn(&mut ClusterInput) {
        move |c| {
            main(c).services.insert(name.to_owned(), service.clone());
        }
    }

    fn service(service_type: impl Into<Field<String>>, exposure: impl Into<Field<String>>) -> ServiceInput {
        ServiceInput { service_type: service_type.into(), exposure: exposure.into() }
    }

    #[test]
    fn services_have_a_type_and_maybe_an_exposure() {
        const NO: Field<String> = Field::Absent;
        for (name, input, found) in [
            ("lb", service("LoadBalancer", "vpc"), None),
            ("lb", service("LoadBalancer", NO), None),
            ("lb", service(Field::Unknown, "vpc"), None),
            ("lb", service(NO, NO), None),
            (
                "lb",
                service("loadbalancer", NO),
                Some("Error UnknownValue components[\"main\"].services[\"lb\"].type"),
            ),
            (
                "lb",
                service("LoadBalancer", "world"),
                Some("Error UnknownValue components[\"main\"].services[\"lb\"].exposure"),
            ),
            (
                "lb",
                service("NodePort", "vpc"),
                Some("Error Conflict components[\"main\"].services[\"lb\"].exposure"),
            ),
            ("lb", service(NO, "vpc"), Some("Error Conflict components[\"main\"].services[\"lb\"].exposure")),
            ("LB", service(NO, NO), Some("Error Name components[\"main\"].services[\"LB\"]")),
            (
                "sixteen-chars-xx",
                service(NO, NO),
                Some("Error Name components[\"main\"].services[\"sixteen-chars-xx\"]"),
            ),
        ] {
            let found: Vec<&str> = found.into_iter().collect();
            assert_found(redis(), with(name, input), &found);
        }
        let etcd_of_milvus = cluster("milvus", "milvus-2.2.4", "etcd");
        let found = "Warning Ignored components[\"main\"].services[\"lb\"]";
        assert_found(etcd_of_milvus, with("lb", service(NO, NO)), &[found]);
    }

    #[test]
    fn no_two_services_get_one_name() {
        let put = |name: &'static str, services: &'static [&'static str]| {
            let services: BTreeMap<_, _> =
                services.iter().map(|name| ((*name).to_owned(), ServiceInput::default())).collect();
            (name.to_owned(), ComponentInput { services, ..component("redis", "data") })
        };
        let cluster_of = |components: Vec<(String, ComponentInput)>| ClusterInput {
            components: Field::Known(components.into_iter().collect()),
            ..redis()
        };
        for (components, found) in [
            (vec![put("a", &["x", "y"]), put("b", &["x", "y"])], None),
            (vec![put("a", &["headless"])], Some("components[\"a\"].services[\"headless\"]")),
            (vec![put("a", &["b"]), put("a-b", &[])], Some("components[\"a\"].services[\"b\"]")),
            (vec![put("a", &["b-c"]), put("a-b", &["c"])], Some("components[\"a-b\"].services[\"c\"]")),
        ] {
            let found = found.map(|path| format!("Error DuplicateServiceName {path}"));
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            assert_found(cluster_of(components), |_| {}, &found);
        }
    }

    #[test]
    fn names_within_their_limits_always_give_names_that_dns_takes() {
        use crate::names::NameKind;
        let workload = NameKind::Cluster.max_length() + 1 + NameKind::Component.max_length();
        let longest_ordinal = i32::MAX.to_string().len();
        let longest_service = NameKind::Service.max_length().max("headless".len());
        for length in [workload + 1 + longest_ordinal, workload + 1 + longest_service] {
            assert!(length <= 63, "{length}");
        }
    }
}
