//! The marks on what is made here, as tags of Azure. Pure.

use super::model::Tags;

/// [`crate::OWNER_TAG`] as Azure takes it: names of its tags have no slash.
pub const OWNER_TAG: &str = "kubeblocks-io-owner";
/// [`crate::UNFINISHED_TAG`] as Azure takes it.
pub const UNFINISHED_TAG: &str = "kubeblocks-io-unfinished";
/// [`crate::NETWORK_TAG`] as Azure takes it.
pub const NETWORK_TAG: &str = "kubeblocks-io-network";

/// The user's tags and the marks of something new.
pub(super) fn marked(tags: &Tags, owner: &str, is_unfinished: bool) -> Tags {
    let mut tags = tags.clone();
    tags.insert(OWNER_TAG.to_owned(), owner.to_owned());
    if is_unfinished {
        tags.insert(UNFINISHED_TAG.to_owned(), "true".to_owned());
    }
    tags
}

/// Other tags of the user, with the marks that are there.
pub(super) fn retagged(current: Option<&Tags>, tags: &Tags) -> Tags {
    let marks = current.into_iter().flatten().filter(|(name, _)| is_mark(name));
    tags.iter().chain(marks).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// All tags but the mark of what is unfinished.
pub(super) fn finished(current: Option<&Tags>) -> Tags {
    let mut tags = current.cloned().unwrap_or_default();
    tags.retain(|name, _| !name.eq_ignore_ascii_case(UNFINISHED_TAG));
    tags
}

/// The owner's mark. Names of tags are compared without regard to case in Azure.
pub(super) fn owner(tags: Option<&Tags>) -> Option<&str> {
    value(tags, OWNER_TAG)
}

/// Whether the creation has steps left.
pub(super) fn is_unfinished(tags: Option<&Tags>) -> bool {
    value(tags, UNFINISHED_TAG) == Some("true")
}

/// The address block of the network that was made with a cluster.
pub(super) fn network(tags: Option<&Tags>) -> Option<&str> {
    value(tags, NETWORK_TAG)
}

/// The user's tags.
pub(super) fn unmarked(tags: Option<&Tags>) -> Tags {
    let mut tags = tags.cloned().unwrap_or_default();
    tags.retain(|name, _| !is_mark(name));
    tags
}

fn is_mark(name: &str) -> bool {
    [OWNER_TAG, UNFINISHED_TAG, NETWORK_TAG].iter().any(|mark| mark.eq_ignore_ascii_case(name))
}

fn value<'a>(tags: Option<&'a Tags>, wanted: &str) -> Option<&'a str> {
    let found = tags?.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(found.1.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_in_any_case_and_are_no_tags_of_the_user() {
        let user: Tags = [("team".to_owned(), "shop".to_owned())].into();
        let mut tags = marked(&user, "abc", true);
        let owner_mark = tags.remove(OWNER_TAG).unwrap();
        tags.insert(OWNER_TAG.to_uppercase(), owner_mark);
        tags.insert(NETWORK_TAG.to_uppercase(), "10.1.0.0/16".to_owned());
        assert_eq!((owner(Some(&tags)), is_unfinished(Some(&tags))), (Some("abc"), true));
        assert_eq!(network(Some(&tags)), Some("10.1.0.0/16"));
        assert_eq!(unmarked(Some(&tags)), user);
        assert_eq!((owner(Some(&user)), is_unfinished(None), network(None)), (None, false, None));
    }

    #[test]
    fn marks_outlive_the_user_s_tags_and_one_of_them_ends_with_the_making() {
        let user: Tags = [("team".to_owned(), "shop".to_owned())].into();
        let other: Tags = [("stage".to_owned(), "test".to_owned())].into();
        let mut tags = marked(&user, "abc", true);
        tags.insert(NETWORK_TAG.to_owned(), "10.1.0.0/16".to_owned());
        let tags = retagged(Some(&tags), &other);
        assert_eq!((unmarked(Some(&tags)), is_unfinished(Some(&tags))), (other.clone(), true));
        let tags = finished(Some(&tags));
        assert_eq!((unmarked(Some(&tags)), is_unfinished(Some(&tags))), (other.clone(), false));
        assert_eq!((owner(Some(&tags)), network(Some(&tags))), (Some("abc"), Some("10.1.0.0/16")));
        assert_eq!(retagged(None, &other), other);
    }
}
