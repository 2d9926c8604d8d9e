//! Where in a configuration or state something stands. Pure.

use std::fmt;

/// One step from a value into a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathStep {
    /// An attribute of an object.
    Attribute(String),
    /// An element of a map, by its key.
    Key(String),
    /// An element of a list or tuple, by its position from 0.
    Index(usize),
    /// An element of a set. Sets have no addresses, so a path to one ends at the set when it is shown or sent.
    SetElement,
}

/// The way from the root of a resource, data source or provider block to a value.
///
/// Shown as practitioners write it: `components["redis"].volumes["data"].size`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<PathStep>);

impl Path {
    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of a root attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::root().then_attribute(name)
    }

    /// This path and then an attribute.
    #[must_use]
    pub fn then_attribute(&self, name: impl Into<String>) -> Self {
        self.then(PathStep::Attribute(name.into()))
    }

    /// This path and then a map key.
    #[must_use]
    pub fn then_key(&self, key: impl Into<String>) -> Self {
        self.then(PathStep::Key(key.into()))
    }

    /// This path and then a list position.
    #[must_use]
    pub fn then_index(&self, index: usize) -> Self {
        self.then(PathStep::Index(index))
    }

    /// This path and then one more step.
    #[must_use]
    pub fn then(&self, step: PathStep) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Goes one step further, in place. For walks, which would otherwise copy the path at every value.
    pub(crate) fn push(&mut self, step: PathStep) {
        self.0.push(step);
    }

    /// Goes one step back, in place.
    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<PathStep> for Path {
    fn from_iter<I: IntoIterator<Item = PathStep>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Attribute(name) if position == 0 => write!(formatter, "{name}")?,
                PathStep::Attribute(name) => write!(formatter, ".{name}")?,
                PathStep::Key(key) => write!(formatter, "[{key:?}]")?,
                PathStep::Index(index) => write!(formatter, "[{index}]")?,
                PathStep::SetElement => break,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_practitioners_write_it() {
        let path = Path::attribute("components").then_key("redis").then_attribute("hosts").then_index(2);
        assert_eq!(path.to_string(), r#"components["redis"].hosts[2]"#);
    }
}
