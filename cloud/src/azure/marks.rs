//! The marks on what is made here, as tags of Azure. Pure.

use super::model::Tags;

/// [`crate::OWNER_TAG`] as Azure takes it: names of its tags have no slash.
pub const OWNER_TAG: &str = "kubeblocks-io-owner";
/// [`crate::UNFINISHED_TAG`] as Azure takes it.
pub const UNFINISHED_TAG: &str = "kubeblocks-io-unfinished";

/// The user's tags and our marks.
pub(super) fn marked(tags: &Tags, owner: Option<&str>, is_unfinished: bool) -> Tags {
    let mut tags = tags.clone();
    if let Some(owner) = owner {
        tags.insert(OWNER_TAG.to_owned(), owner.to_owned());
    }
    if is_unfinished {
        tags.insert(UNFINISHED_TAG.to_owned(), "true".to_owned());
    }
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

/// The user's tags.
pub(super) fn unmarked(tags: Option<&Tags>) -> Tags {
    let is_ours = |name: &str| [OWNER_TAG, UNFINISHED_TAG].iter().any(|mark| mark.eq_ignore_ascii_case(name));
    tags.into_iter()
        .flatten()
        .filter(|(name, _)| !is_ours(name))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
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
        let mut tags = marked(&user, Some("abc"), true);
        let owner_mark = tags.remove(OWNER_TAG).unwrap();
        tags.insert(OWNER_TAG.to_uppercase(), owner_mark);
        assert_eq!((owner(Some(&tags)), is_unfinished(Some(&tags))), (Some("abc"), true));
        assert_eq!(unmarked(Some(&tags)), user);
        assert_eq!((owner(Some(&user)), is_unfinished(None)), (None, false));
        assert_eq!(marked(&user, None, false), user);
    }
}
