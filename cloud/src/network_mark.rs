//! The value of [`crate::NETWORK_TAG`] where tags may hold it as it is: what was wished of a network that is made with its
//! cluster. Pure.

/// The address block and the zones, apart by spaces.
pub(crate) fn written(cidr: &str, zones: &[String]) -> String {
    let parts: Vec<&str> = std::iter::once(cidr).chain(zones.iter().map(String::as_str)).collect();
    parts.join(" ")
}

/// The address block and the zones of such a value, if it is one.
pub(crate) fn read(mark: &str) -> Option<(String, Vec<String>)> {
    let mut parts = mark.split_whitespace().map(str::to_owned);
    let cidr = parts.next().filter(|part| part.contains('/'))?;
    Some((cidr, parts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_what_was_wished() {
        let zones = |zones: &[&str]| zones.iter().map(|zone| (*zone).to_owned()).collect::<Vec<_>>();
        for (zones, mark) in [(zones(&[]), "10.0.0.0/16"), (zones(&["b", "a"]), "10.0.0.0/16 b a")] {
            assert_eq!(written("10.0.0.0/16", &zones), mark);
            assert_eq!(read(mark), Some(("10.0.0.0/16".to_owned(), zones)));
        }
        for mark in ["", "mine"] {
            assert_eq!(read(mark), None, "{mark}");
        }
    }
}
