//! Checks of quantities: CPU, memory and sizes of volumes.

use std::collections::BTreeMap;

use super::{Field, Path, ProblemKind, Problems, ResourcesInput, one_of};
use crate::quantity::Quantity;

const RESOURCES: &[&str] = &["cpu", "memory"];
const HUGE_PAGES: &str = "hugepages-";
/// Fewer bytes than this are a wrong unit: `512m` is half a byte.
const FEWEST_BYTES: i128 = 1 << 20;
/// More cores than this are a wrong unit: `500` instead of `500m`. No machine has so many.
const MOST_CORES: i128 = 500;

pub(super) fn check_compute(problems: &mut Problems, path: &Path, resources: &ResourcesInput) {
    for (name, value) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
        let at = path.attribute(name);
        check_amount(problems, &at, name, value);
        for (other, map) in [("requests", &resources.requests), ("limits", &resources.limits)] {
            if !value.is_absent() && map.contains_key(name) {
                let message = format!("{name} is set both by itself and in {other}");
                problems.error(&at, ProblemKind::Conflict, message, "set it in one of the two");
            }
        }
    }
    let requests = check_map(problems, &path.attribute("requests"), &resources.requests);
    let limits = check_map(problems, &path.attribute("limits"), &resources.limits);
    for (name, request) in &requests {
        let Some(limit) = limits.get(name) else { continue };
        if request > limit {
            let message = format!("{name} {request} is requested, but at most {limit} is allowed");
            let at = path.attribute("requests").key(name);
            let remedy = "lower the request or raise the limit";
            problems.error(&at, ProblemKind::RequestAboveLimit, message, remedy);
        }
    }
    let sized = !resources.cpu.is_absent()
        || !resources.memory.is_absent()
        || !resources.requests.is_empty()
        || !resources.limits.is_empty();
    if !resources.class.is_absent() && sized {
        problems.error(
            &path.attribute("class"),
            ProblemKind::Conflict,
            "a class and CPU or memory are both set, and the class would win",
            "keep one of them",
        );
    }
}

fn check_map(
    problems: &mut Problems,
    path: &Path,
    map: &BTreeMap<String, Field<String>>,
) -> BTreeMap<String, Quantity> {
    let mut quantities = BTreeMap::new();
    for (name, value) in map {
        let at = path.key(name);
        let huge_page = name.strip_prefix(HUGE_PAGES).is_some_and(|size| size.parse::<Quantity>().is_ok());
        if !RESOURCES.contains(&name.as_str()) && !huge_page {
            let message =
                format!("resource {name:?} cannot be set; there are cpu, memory and hugepages-<size>");
            problems.error(&at, ProblemKind::ResourceName, message, one_of(name, RESOURCES));
        } else if let Some(quantity) = check_amount(problems, &at, name, value) {
            quantities.insert(name.clone(), quantity);
        }
    }
    quantities
}

fn check_amount(
    problems: &mut Problems,
    path: &Path,
    resource: &str,
    value: &Field<String>,
) -> Option<Quantity> {
    let text = value.known()?;
    let quantity = check_quantity(problems, path, text)?;
    if resource == "cpu" && quantity.units() > MOST_CORES {
        let message = format!("cpu {text:?} is {} cores", quantity.units());
        let remedy = format!("write {:?} if millicores are meant", format!("{}m", quantity.units()));
        problems.warning(path, ProblemKind::SuspiciousQuantity, message, remedy);
    }
    if resource == "memory" {
        warn_few_bytes(problems, path, text, quantity);
    }
    Some(quantity)
}

pub(super) fn check_size(problems: &mut Problems, path: &Path, size: &Field<String>) {
    let Some(text) = size.known() else { return };
    let Some(quantity) = check_quantity(problems, path, text) else { return };
    if quantity.is_zero() {
        problems.error(
            path,
            ProblemKind::Quantity,
            "a volume of size 0 cannot be made",
            "write for example 20Gi",
        );
    } else {
        warn_few_bytes(problems, path, text, quantity);
    }
}

fn warn_few_bytes(problems: &mut Problems, path: &Path, text: &str, quantity: Quantity) {
    if !quantity.is_zero() && quantity.units() < FEWEST_BYTES {
        let message = format!("{text:?} is only {} bytes", quantity.units());
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = if text.ends_with(['m', 'M', 'k', 'K']) { "Mi" } else { "Gi" };
        let remedy = format!("did you mean {:?}?", format!("{number}{unit}"));
        problems.warning(path, ProblemKind::SuspiciousQuantity, message, remedy);
    }
}

fn check_quantity(problems: &mut Problems, path: &Path, text: &str) -> Option<Quantity> {
    match text.parse::<Quantity>() {
        Ok(quantity) if quantity.is_negative() => {
            let message = format!("quantity {text:?} is negative");
            problems.error(path, ProblemKind::Quantity, message, "leave the sign out");
            None
        }
        Ok(quantity) => Some(quantity),
        Err(error) => {
            let remedy = "write a number and a unit such as m, Mi or Gi";
            problems.error(path, ProblemKind::Quantity, error, remedy);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{assert_found, check, main, redis};
    use super::super::{Field, ResourcesInput};

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, Field<String>> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    #[test]
    fn cpu_and_memory_are_checked() {
        const AT: &str = "components[\"main\"].resources";
        let both = |requests: &[(&str, &str)], limits: &[(&str, &str)]| ResourcesInput {
            requests: map(requests),
            limits: map(limits),
            ..ResourcesInput::default()
        };
        let short = |cpu: &str, memory: &str| ResourcesInput {
            cpu: cpu.into(),
            memory: memory.into(),
            ..ResourcesInput::default()
        };
        let cases = [
            (short("500m", "1Gi"), None),
            (short("1", "2Gi"), None),
            (short("1 core", "2Gi"), Some("Error Quantity .cpu")),
            (short("-1", "2Gi"), Some("Error Quantity .cpu")),
            (short("1", "2GB"), Some("Error Quantity .memory")),
            (short("1", "512m"), Some("Warning SuspiciousQuantity .memory")),
            (short("1", "2"), Some("Warning SuspiciousQuantity .memory")),
            (short("1000", "2Gi"), Some("Warning SuspiciousQuantity .cpu")),
            (both(&[("cpu", "1")], &[("cpu", "1000m")]), None),
            (both(&[("cpu", "1001m")], &[("cpu", "1")]), Some("Error RequestAboveLimit .requests[\"cpu\"]")),
            (
                both(&[("memory", "2Gi")], &[("memory", "2G")]),
                Some("Error RequestAboveLimit .requests[\"memory\"]"),
            ),
            (both(&[("memory", "2Gi")], &[("cpu", "1")]), None),
            (both(&[], &[("hugepages-2Mi", "64Mi")]), None),
            (both(&[], &[("hugepages-x", "64Mi")]), Some("Error ResourceName .limits[\"hugepages-x\"]")),
            (both(&[("storage", "1Gi")], &[]), Some("Error ResourceName .requests[\"storage\"]")),
            (both(&[("Cpu", "1")], &[]), Some("Error ResourceName .requests[\"Cpu\"]")),
            (
                ResourcesInput {
                    cpu: "1".into(),
                    requests: map(&[("cpu", "1")]),
                    ..ResourcesInput::default()
                },
                Some("Error Conflict .cpu"),
            ),
            (
                ResourcesInput { cpu: "1".into(), class: "general-1c".into(), ..ResourcesInput::default() },
                Some("Error Conflict .class"),
            ),
            (ResourcesInput { class: "general-1c".into(), ..ResourcesInput::default() }, None),
        ];
        for (resources, found) in cases {
            let found = found.map(|found| {
                let (kind, place) = found.rsplit_once(' ').unwrap();
                format!("{kind} {AT}{place}")
            });
            let found: Vec<&str> = found.as_deref().into_iter().collect();
            assert_found(redis(), |c| main(c).resources = resources.clone(), &found);
        }
    }

    #[test]
    fn a_wrong_unit_is_answered_with_the_right_one() {
        for (cpu, memory, remedy) in [
            ("1", "512m", "did you mean \"512Mi\"?"),
            ("1", "2", "did you mean \"2Gi\"?"),
            ("1000", "2Gi", "write \"1000m\" if millicores are meant"),
        ] {
            let mut cluster = redis();
            let resources = &mut main(&mut cluster).resources;
            resources.cpu = cpu.into();
            resources.memory = memory.into();
            assert_eq!(check(&cluster)[0].remedy, remedy);
        }
    }
}
