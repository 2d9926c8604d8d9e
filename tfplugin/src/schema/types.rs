//! From schemas to the types of their values. Pure.

use super::{Attribute, Nesting, Schema, Shape};
use crate::types::Type;

impl Schema {
    /// The type of a whole configuration or state.
    pub fn object_type(&self) -> Type {
        object_type(&self.attributes)
    }
}

impl Shape {
    /// The type of a value of this shape.
    pub fn to_type(&self) -> Type {
        match self {
            Self::Type(kind) => kind.clone(),
            Self::Nested { nesting, attributes } => {
                let object = object_type(attributes);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::List(Box::new(object)),
                    Nesting::Set => Type::Set(Box::new(object)),
                    Nesting::Map => Type::Map(Box::new(object)),
                }
            }
        }
    }

    /// The shape of a collection of such values. Objects stay documented one collection deep, which is all that the
    /// protocol can say; deeper they become plain types.
    #[must_use]
    pub fn gathered(self, nesting: Nesting) -> Self {
        match self {
            Self::Nested { nesting: Nesting::Single, attributes } => Self::Nested { nesting, attributes },
            inner => {
                let element = inner.to_type();
                match nesting {
                    Nesting::Single => inner,
                    Nesting::List => Self::Type(Type::List(Box::new(element))),
                    Nesting::Set => Self::Type(Type::Set(Box::new(element))),
                    Nesting::Map => Self::Type(Type::Map(Box::new(element))),
                }
            }
        }
    }
}

fn object_type(attributes: &[Attribute]) -> Type {
    Type::Object(
        attributes.iter().map(|attribute| (attribute.name.clone(), attribute.shape.to_type())).collect(),
    )
}
