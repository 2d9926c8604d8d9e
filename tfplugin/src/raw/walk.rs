//! Visiting and changing every part of a value, with its path. Pure.

use super::RawValue;
use crate::path::{Path, PathStep};

impl RawValue {
    /// Visits this value and its parts, outer before inner. `visit` says whether to go into what it was given.
    /// Dynamic values are visited as such and then as what they hold, at the same path.
    pub fn walk(&self, mut visit: impl FnMut(&Path, &RawValue) -> bool) {
        walk(self, &mut Path::root(), &mut visit);
    }

    /// Replaces this value and its parts, inner before outer; the first error ends it. Sets are made canonical anew.
    pub fn transform<E>(
        self,
        mut change: impl FnMut(&Path, RawValue) -> Result<RawValue, E>,
    ) -> Result<Self, E> {
        transform(self, &mut Path::root(), &mut change)
    }

    /// As [`RawValue::transform`], for changes that cannot fail.
    #[must_use]
    pub fn map_parts(self, mut change: impl FnMut(&Path, RawValue) -> RawValue) -> Self {
        let changed: Result<_, std::convert::Infallible> =
            self.transform(|path, value| Ok(change(path, value)));
        match changed {
            Ok(value) => value,
        }
    }

    /// Whether some part of it, itself included, is such.
    pub fn any(&self, mut matches: impl FnMut(&Path, &RawValue) -> bool) -> bool {
        let mut found = false;
        self.walk(|path, value| {
            found = found || matches(path, value);
            !found
        });
        found
    }
}

fn walk(value: &RawValue, path: &mut Path, visit: &mut dyn FnMut(&Path, &RawValue) -> bool) {
    if !visit(path, value) {
        return;
    }
    let mut inner = |step: PathStep, part: &RawValue| {
        path.push(step);
        walk(part, path, visit);
        path.pop();
    };
    match value {
        RawValue::Null
        | RawValue::Unknown(_)
        | RawValue::Bool(_)
        | RawValue::Number(_)
        | RawValue::String(_) => {}
        RawValue::List(parts) | RawValue::Tuple(parts) => {
            for (index, part) in parts.iter().enumerate() {
                inner(PathStep::Index(index), part);
            }
        }
        RawValue::Set(parts) => {
            for part in parts {
                inner(PathStep::SetElement, part);
            }
        }
        RawValue::Map(parts) => {
            for (key, part) in parts {
                inner(PathStep::Key(key.clone()), part);
            }
        }
        RawValue::Object(parts) => {
            for (name, part) in parts {
                inner(PathStep::Attribute(name.clone()), part);
            }
        }
        RawValue::Dynamic(held) => walk(&held.1, path, visit),
    }
}

fn transform<E>(
    value: RawValue,
    path: &mut Path,
    change: &mut dyn FnMut(&Path, RawValue) -> Result<RawValue, E>,
) -> Result<RawValue, E> {
    let mut inner = |step: PathStep, part: RawValue| {
        path.push(step);
        let changed = transform(part, path, change);
        path.pop();
        changed
    };
    let value = match value {
        RawValue::Null
        | RawValue::Unknown(_)
        | RawValue::Bool(_)
        | RawValue::Number(_)
        | RawValue::String(_) => value,
        RawValue::List(parts) => RawValue::List(
            parts
                .into_iter()
                .enumerate()
                .map(|(index, part)| inner(PathStep::Index(index), part))
                .collect::<Result<_, _>>()?,
        ),
        RawValue::Tuple(parts) => RawValue::Tuple(
            parts
                .into_iter()
                .enumerate()
                .map(|(index, part)| inner(PathStep::Index(index), part))
                .collect::<Result<_, _>>()?,
        ),
        RawValue::Set(parts) => RawValue::set(
            parts.into_iter().map(|part| inner(PathStep::SetElement, part)).collect::<Result<Vec<_>, _>>()?,
        ),
        RawValue::Map(parts) => RawValue::Map(
            parts
                .into_iter()
                .map(|(key, part)| Ok((key.clone(), inner(PathStep::Key(key), part)?)))
                .collect::<Result<_, E>>()?,
        ),
        RawValue::Object(parts) => RawValue::Object(
            parts
                .into_iter()
                .map(|(name, part)| Ok((name.clone(), inner(PathStep::Attribute(name), part)?)))
                .collect::<Result<_, E>>()?,
        ),
        RawValue::Dynamic(held) => {
            let (kind, part) = *held;
            RawValue::dynamic(kind, transform(part, path, change)?)
        }
    };
    change(path, value)
}
