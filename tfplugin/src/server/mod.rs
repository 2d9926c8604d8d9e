//! The calls of the protocol onto the contracts: decode, ask the erased twin, encode. Third station of a call
//! (`plugin -> server -> plan engine and author's code`). The only place that names messages of the protocol; it
//! decides nothing that a plan or a resource could decide.

mod erased;

pub use self::erased::{
    Applied, ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedProvider, ErasedResource, RawListItem,
};
