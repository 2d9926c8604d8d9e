//! What a change of an attribute does, in the words of the documentation. Declared, and for people only: the plan engine
//! does not ask it, so a provider's tests hold it against what its plans do.

use super::Attribute;

/// What changing the configuration of an object that is there does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The object stays, and nobody who uses it notices.
    InPlace,
    /// The object stays, and what runs restarts one after the other.
    RollingRestart,
    /// The object stays, and nothing answers for a while.
    Downtime,
    /// The object stays, and data goes that may be nowhere else.
    DataLoss,
    /// The object is removed and made anew.
    Replace,
    /// The plan fails.
    Refused,
    /// Nothing: it is read when the object is made, and never again.
    OnlyAtCreate,
}

impl Effect {
    /// All, in the order in which a page tells them.
    pub const ALL: [Self; 7] = [
        Self::InPlace,
        Self::RollingRestart,
        Self::Downtime,
        Self::DataLoss,
        Self::Replace,
        Self::Refused,
        Self::OnlyAtCreate,
    ];

    /// The words that stand at an attribute.
    pub fn words(self) -> &'static str {
        match self {
            Self::InPlace => "in place",
            Self::RollingRestart => "rolling restart",
            Self::Downtime => "downtime",
            Self::DataLoss => "data loss",
            Self::Replace => "replaces",
            Self::Refused => "refused",
            Self::OnlyAtCreate => "only at create",
        }
    }

    /// What the words mean, as a page tells it once.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InPlace => "the object stays, and what uses it goes on",
            Self::RollingRestart => {
                "what runs restarts one after the other, and one that is alone is away meanwhile"
            }
            Self::Downtime => "nothing answers for a while",
            Self::DataLoss => "data goes that may be nowhere else",
            Self::Replace => "the object is destroyed and made anew",
            Self::Refused => "the plan fails and says what to do instead",
            Self::OnlyAtCreate => "it is read when the object is made, and a later change does nothing",
        }
    }
}

impl Attribute {
    /// What a change of it does, where `holder` is what a change of the attribute around it does.
    pub fn effects_in<'a>(&'a self, holder: &'a [Effect]) -> &'a [Effect] {
        if self.plan.requires_replace {
            &[Effect::Replace]
        } else if self.effects.is_empty() {
            holder
        } else {
            &self.effects
        }
    }
}
