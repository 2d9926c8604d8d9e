//! What a node group is to be, in the words of EKS. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_eks::types::{
    AmiTypes, CapacityTypes, Nodegroup, NodegroupScalingConfig, Taint as EksTaint, TaintEffect,
    UpdateLabelsPayload, UpdateTaintsPayload,
};

use super::shown::{self, EFFECTS};
use crate::{Error, Nodes, Taint};

fn refused(field: &str, message: String) -> Error {
    Error::InvalidSpec { field: Some(field.to_owned()), message }
}

pub(super) fn number(field: &str, value: i64) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| refused(field, format!("{value} is too large")))
}

/// How many nodes there are to be; `None` when nothing is wished. `now` is how many are wanted already.
pub(super) fn scaling(nodes: &Nodes, now: Option<i32>) -> Result<Option<NodegroupScalingConfig>, Error> {
    let size = nodes.size.map(|size| number("size", size)).transpose()?;
    let (least, most, desired) = match (nodes.autoscaling, size) {
        (Some((least, most)), size) => {
            let (least, most) = (number("autoscaling", least)?, number("autoscaling", most)?);
            if least > most {
                return Err(refused("autoscaling", format!("{least} is more than {most}")));
            }
            // How many there are now is the autoscaler's business, as long as EKS takes it.
            (least, most, now.or(size).unwrap_or(least).clamp(least, most))
        }
        (None, Some(size)) => (size, size.max(1), size),
        (None, None) => return Ok(None),
    };
    Ok(Some(NodegroupScalingConfig::builder().min_size(least).max_size(most).desired_size(desired).build()))
}

/// The wish for how many nodes there are to be, if it is not what there is.
pub(super) fn scaling_change(
    nodes: &Nodes,
    group: &Nodegroup,
) -> Result<Option<NodegroupScalingConfig>, Error> {
    let known = group.scaling_config.as_ref();
    let wished = scaling(nodes, known.and_then(|known| known.desired_size))?;
    Ok(wished.filter(|wished| Some(wished) != known))
}

pub(super) fn labels_change(
    wished: &BTreeMap<String, String>,
    group: &Nodegroup,
) -> Option<UpdateLabelsPayload> {
    let known = group.labels.clone().unwrap_or_default();
    let set = wished.iter().filter(|(key, value)| known.get(*key) != Some(value));
    let set: HashMap<String, String> = set.map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut remove: Vec<String> = known.into_keys().filter(|key| !wished.contains_key(key)).collect();
    remove.sort();
    let is_change = !set.is_empty() || !remove.is_empty();
    is_change.then(|| {
        UpdateLabelsPayload::builder()
            .set_add_or_update_labels((!set.is_empty()).then_some(set))
            .set_remove_labels((!remove.is_empty()).then_some(remove))
            .build()
    })
}

pub(super) fn taints_change(
    wished: &[Taint],
    group: &Nodegroup,
) -> Result<Option<UpdateTaintsPayload>, Error> {
    let known: BTreeSet<Taint> = shown::taints(group).into_iter().collect();
    let wished: BTreeSet<Taint> = wished.iter().cloned().collect();
    let set: Vec<EksTaint> = wished.difference(&known).map(taint).collect::<Result<_, _>>()?;
    // EKS knows taints by key and effect; a value that changes is no removal.
    let stays =
        |gone: &&Taint| wished.iter().any(|taint| taint.key == gone.key && taint.effect == gone.effect);
    let remove = known.difference(&wished).filter(|gone| !stays(gone));
    let remove: Vec<EksTaint> = remove.map(taint).collect::<Result<_, _>>()?;
    let is_change = !set.is_empty() || !remove.is_empty();
    Ok(is_change.then(|| {
        UpdateTaintsPayload::builder()
            .set_add_or_update_taints((!set.is_empty()).then_some(set))
            .set_remove_taints((!remove.is_empty()).then_some(remove))
            .build()
    }))
}

pub(super) fn taint(taint: &Taint) -> Result<EksTaint, Error> {
    let known = EFFECTS.iter().find(|(kubernetes, _)| *kubernetes == taint.effect);
    let (_, effect) = known.ok_or_else(|| {
        refused(
            "taints",
            format!("{:?} is no effect: NoSchedule, PreferNoSchedule or NoExecute", taint.effect),
        )
    })?;
    let value = (!taint.value.is_empty()).then(|| taint.value.clone());
    Ok(EksTaint::builder().key(&taint.key).set_value(value).effect(TaintEffect::from(*effect)).build())
}

pub(super) fn capacity(nodes: &Nodes) -> CapacityTypes {
    if nodes.spot { CapacityTypes::Spot } else { CapacityTypes::OnDemand }
}

/// The image for machines of these types: their names tell processor and accelerator.
pub(super) fn ami_type(machine_types: &[String]) -> AmiTypes {
    let family = machine_types.first().and_then(|name| name.split('.').next()).unwrap_or_default();
    let letters = family.trim_end_matches(|character: char| !character.is_ascii_digit());
    let series = family.trim_start_matches(|character: char| !character.is_ascii_digit());
    let class = letters.trim_end_matches(|character: char| character.is_ascii_digit());
    let options = series.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_arm = family == "a1" || options.split('-').next().is_some_and(|options| options.contains('g'));
    match class {
        "g" | "p" | "gr" if is_arm => AmiTypes::from("AL2023_ARM_64_NVIDIA"),
        "g" | "p" | "gr" => AmiTypes::from("AL2023_x86_64_NVIDIA"),
        "inf" | "trn" => AmiTypes::from("AL2023_x86_64_NEURON"),
        _ if is_arm => AmiTypes::from("AL2023_ARM_64_STANDARD"),
        _ => AmiTypes::from("AL2023_x86_64_STANDARD"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(least: i32, most: i32, desired: i32) -> Nodegroup {
        let scaling = NodegroupScalingConfig::builder().min_size(least).max_size(most).desired_size(desired);
        Nodegroup::builder()
            .scaling_config(scaling.build())
            .labels("a", "1")
            .labels("b", "2")
            .taints(EksTaint::builder().key("k").value("v").effect(TaintEffect::NoSchedule).build())
            .build()
    }

    #[test]
    fn the_size_of_a_group_that_scales_by_itself_is_its_own_business() {
        let fixed = |size| Nodes { size: Some(size), ..Nodes::default() };
        let free =
            |least, most| Nodes { size: Some(2), autoscaling: Some((least, most)), ..Nodes::default() };
        let table = [
            (fixed(3), group(3, 3, 3), None),
            (fixed(4), group(3, 3, 3), Some((4, 4, 4))),
            (fixed(0), group(3, 3, 3), Some((0, 1, 0))),
            (free(1, 5), group(1, 5, 4), None),
            (free(1, 3), group(1, 5, 4), Some((1, 3, 3))),
            (free(5, 9), group(1, 5, 4), Some((5, 9, 5))),
            (Nodes::default(), group(1, 5, 4), None),
        ];
        for (nodes, group, expected) in table {
            let change = scaling_change(&nodes, &group).unwrap();
            let change = change.map(|change| {
                (change.min_size.unwrap(), change.max_size.unwrap(), change.desired_size.unwrap())
            });
            assert_eq!(change, expected, "{nodes:?}");
        }
        assert!(scaling(&free(3, 2), None).is_err());
    }

    #[test]
    fn labels_and_taints_change_by_what_differs() {
        let wished = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("c".to_owned(), "3".to_owned())]);
        let change = labels_change(&wished, &group(1, 1, 1)).unwrap();
        assert_eq!(change.add_or_update_labels.unwrap(), HashMap::from([("c".to_owned(), "3".to_owned())]));
        assert_eq!(change.remove_labels.unwrap(), ["b"]);
        let same = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
        assert_eq!(labels_change(&same, &group(1, 1, 1)), None);

        let taint = |value: &str, effect: &str| Taint {
            key: "k".to_owned(),
            value: value.to_owned(),
            effect: effect.to_owned(),
        };
        assert_eq!(taints_change(&[taint("v", "NoSchedule")], &group(1, 1, 1)).unwrap(), None);
        let change = taints_change(&[taint("w", "NoSchedule")], &group(1, 1, 1)).unwrap().unwrap();
        assert_eq!((change.add_or_update_taints.unwrap().len(), change.remove_taints), (1, None));
        let change = taints_change(&[], &group(1, 1, 1)).unwrap().unwrap();
        assert_eq!((change.add_or_update_taints, change.remove_taints.unwrap().len()), (None, 1));
        assert!(taints_change(&[taint("v", "Sometimes")], &group(1, 1, 1)).is_err());
    }

    #[test]
    fn images_fit_the_machines() {
        let table = [
            ("t3a.large", "AL2023_x86_64_STANDARD"),
            ("m7i-flex.large", "AL2023_x86_64_STANDARD"),
            ("m7g.large", "AL2023_ARM_64_STANDARD"),
            ("c7gn.xlarge", "AL2023_ARM_64_STANDARD"),
            ("t4g.medium", "AL2023_ARM_64_STANDARD"),
            ("a1.large", "AL2023_ARM_64_STANDARD"),
            ("g5.xlarge", "AL2023_x86_64_NVIDIA"),
            ("g5g.xlarge", "AL2023_ARM_64_NVIDIA"),
            ("p4d.24xlarge", "AL2023_x86_64_NVIDIA"),
            ("inf2.xlarge", "AL2023_x86_64_NEURON"),
            ("u-6tb1.metal", "AL2023_x86_64_STANDARD"),
        ];
        for (machine_type, expected) in table {
            assert_eq!(ami_type(&[machine_type.to_owned()]).as_str(), expected, "{machine_type}");
        }
        assert_eq!(ami_type(&[]).as_str(), "AL2023_x86_64_STANDARD");
    }
}
