//! The calls of the protocol against a provider of things that misbehave on request.

mod fixture;
mod other_calls;
mod resource_calls;
mod whole_service;
