//! The derive macro, as one test binary: what it makes of a struct, and what it says to an author who erred.

mod messages;
mod schema;
mod values;
