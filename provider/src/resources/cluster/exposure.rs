//! What `exposure` of a Service means: the annotations by which clouds place a load balancer. Each cloud reads only its
//! own, so all are set and a plan needs not know which cloud it is. Pure.

use std::collections::BTreeMap;

/// Inside the cloud's network.
pub const VPC: &str = "vpc";
/// With a public address.
pub const INTERNET: &str = "internet";

/// The values of `exposure`.
pub const ALL: [&str; 2] = [VPC, INTERNET];

const EKS_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const EKS_INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
const GKE_TYPE: &str = "networking.gke.io/load-balancer-type";
const AKS_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const ACK_ADDRESS: &str = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type";

/// The annotations of an exposure on EKS, GKE, AKS and ACK together. GKE has none for a public address: its default is
/// public, and any value would be refused.
pub fn annotations(exposure: &str) -> BTreeMap<String, String> {
    let pairs: &[(&str, &str)] = match exposure {
        VPC => &[
            (EKS_TYPE, "nlb"),
            (EKS_INTERNAL, "true"),
            (GKE_TYPE, "Internal"),
            (AKS_INTERNAL, "true"),
            (ACK_ADDRESS, "intranet"),
        ],
        INTERNET => {
            &[(EKS_TYPE, "nlb"), (EKS_INTERNAL, "false"), (AKS_INTERNAL, "false"), (ACK_ADDRESS, "internet")]
        }
        _ => &[],
    };
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The exposure whose annotations are all among `present`, and what is left without them.
pub fn recognize(present: &BTreeMap<String, String>) -> Option<(&'static str, BTreeMap<String, String>)> {
    ALL.into_iter().find_map(|exposure| {
        let own = annotations(exposure);
        let is_there = own.iter().all(|(key, value)| present.get(key) == Some(value));
        is_there.then(|| {
            let rest = present.iter().filter(|(key, _)| !own.contains_key(*key));
            (exposure, rest.map(|(key, value)| (key.clone(), value.clone())).collect())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exposure_is_recognized_by_its_annotations_and_the_others_are_left() {
        for exposure in ALL {
            let mut present = annotations(exposure);
            present.insert("example.com/owner".into(), "shop".into());
            let (recognized, rest) = recognize(&present).unwrap();
            assert_eq!(recognized, exposure);
            assert_eq!(rest, BTreeMap::from([("example.com/owner".to_owned(), "shop".to_owned())]));
        }
        let mut partial = annotations(VPC);
        partial.remove(EKS_INTERNAL);
        assert_eq!(recognize(&partial), None);
        assert_eq!(recognize(&BTreeMap::new()), None);
    }

    #[test]
    fn both_exposures_differ_on_every_cloud_that_has_a_switch() {
        let (vpc, internet) = (annotations(VPC), annotations(INTERNET));
        for key in [EKS_INTERNAL, AKS_INTERNAL, ACK_ADDRESS] {
            assert_ne!(vpc[key], internet[key], "{key}");
        }
        assert!(!internet.contains_key(GKE_TYPE));
    }
}
