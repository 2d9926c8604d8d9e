//! Where a component's pods may run: anti-affinity, spreading and node labels from the Cluster's `affinity`.
//!
//! Pure. A component's own `affinity` replaces the cluster's as a whole.

use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm,
    PodAntiAffinity, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::operator::api;
use crate::operator::component::Component;

fn wanted<'a>(component: &Component<'a>) -> Option<&'a api::Affinity> {
    component.spec.affinity.as_ref().or(component.cluster.spec.affinity.as_ref())
}

fn is_required(affinity: &api::Affinity) -> bool {
    affinity.pod_anti_affinity == "Required"
}

fn siblings(component: &Component<'_>) -> LabelSelector {
    LabelSelector { match_labels: Some(component.selector()), match_expressions: None }
}

/// Node labels, and anti-affinity between the members of the component.
pub(super) fn affinity(component: &Component<'_>) -> Option<Affinity> {
    let wanted = wanted(component)?;
    let terms: Vec<PodAffinityTerm> = wanted
        .topology_keys
        .iter()
        .map(|key| PodAffinityTerm {
            topology_key: key.clone(),
            label_selector: Some(siblings(component)),
            ..PodAffinityTerm::default()
        })
        .collect();
    let pods = (!terms.is_empty()).then(|| {
        if is_required(wanted) {
            PodAntiAffinity {
                required_during_scheduling_ignored_during_execution: Some(terms),
                ..PodAntiAffinity::default()
            }
        } else {
            let weighted = terms
                .into_iter()
                .map(|pod_affinity_term| WeightedPodAffinityTerm { pod_affinity_term, weight: 100 })
                .collect();
            PodAntiAffinity {
                preferred_during_scheduling_ignored_during_execution: Some(weighted),
                ..PodAntiAffinity::default()
            }
        }
    });
    let nodes = (!wanted.node_labels.is_empty()).then(|| NodeAffinity {
        required_during_scheduling_ignored_during_execution: Some(NodeSelector {
            node_selector_terms: vec![NodeSelectorTerm {
                match_expressions: Some(
                    wanted
                        .node_labels
                        .iter()
                        .map(|(key, values)| NodeSelectorRequirement {
                            key: key.clone(),
                            operator: "In".to_owned(),
                            values: Some(values.split(',').map(str::to_owned).collect()),
                        })
                        .collect(),
                ),
                match_fields: None,
            }],
        }),
        ..NodeAffinity::default()
    });
    (pods.is_some() || nodes.is_some()).then_some(Affinity {
        node_affinity: nodes,
        pod_anti_affinity: pods,
        pod_affinity: None,
    })
}

/// One spread constraint for each topology key.
pub(super) fn spread(component: &Component<'_>) -> Option<Vec<TopologySpreadConstraint>> {
    let wanted = wanted(component).filter(|wanted| !wanted.topology_keys.is_empty())?;
    let otherwise = if is_required(wanted) { "DoNotSchedule" } else { "ScheduleAnyway" };
    Some(
        wanted
            .topology_keys
            .iter()
            .map(|key| TopologySpreadConstraint {
                max_skew: 1,
                topology_key: key.clone(),
                when_unsatisfiable: otherwise.to_owned(),
                label_selector: Some(siblings(component)),
                ..TopologySpreadConstraint::default()
            })
            .collect(),
    )
}
