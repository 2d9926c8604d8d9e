//! Lists of what a cloud has: pages, and what a list tells of each thing on them.

/// Which page of a list is wanted; the default is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// [`Page::next`] of the page before; none for the first.
    pub after: Option<String>,
    /// How many at once at most, where the cloud lets itself be told; never more than it allows.
    pub at_most: Option<u16>,
}

impl PageRequest {
    /// How many at once, as a cloud takes it that allows `most`.
    #[cfg(any(feature = "alibaba", feature = "aws"))]
    pub(crate) fn size(&self, most: u16) -> u16 {
        self.at_most.unwrap_or(most).clamp(1, most)
    }
}

/// A page of a list. It may be empty and still not be the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<I> {
    /// What is on it.
    pub found: Vec<Listed<I>>,
    /// What [`PageRequest::after`] is for the next page; none after the last.
    pub next: Option<String>,
    /// Places that did not answer, so that what is there is missing from the list.
    pub missing: Vec<String>,
}

impl<I> Page<I> {
    /// All there is.
    #[cfg(any(feature = "alibaba", feature = "azure", feature = "gcp"))]
    pub(crate) fn only(found: Vec<Listed<I>>) -> Self {
        Self { found, next: None, missing: Vec::new() }
    }
}

/// A cluster or a pool as a list tells it; `I` is [`crate::ClusterId`] or [`crate::PoolId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<I> {
    /// What `observe` takes.
    pub id: I,
    /// Its name.
    pub name: String,
    /// Its region, where the identifier does not hold it and it may be another than the client's.
    pub region: Option<String>,
    /// Whether it carries an owner's mark; none where the list does not tell.
    pub is_marked: Option<bool>,
}
