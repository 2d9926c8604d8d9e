//! Placeholder: the erased twins of the contracts, and the calls of the protocol onto them.

/// See [`crate::resource::Resource`].
pub trait ErasedResource: Send + Sync {}
/// See [`crate::data_source::DataSource`].
pub trait ErasedDataSource: Send + Sync {}
/// See [`crate::ephemeral::EphemeralResource`].
pub trait ErasedEphemeralResource: Send + Sync {}
/// See [`crate::list::ListResource`].
pub trait ErasedListResource: Send + Sync {}
/// See [`crate::action::Action`].
pub trait ErasedAction: Send + Sync {}
/// See [`crate::function::Function`].
pub trait ErasedFunction: Send + Sync {}

impl<R: crate::resource::Resource> ErasedResource for R {}
impl<D: crate::data_source::DataSource> ErasedDataSource for D {}
impl<E: crate::ephemeral::EphemeralResource> ErasedEphemeralResource for E {}
impl<L: crate::list::ListResource> ErasedListResource for L {}
impl<A: crate::action::Action> ErasedAction for A {}
impl<F: crate::function::Function> ErasedFunction for F {}
