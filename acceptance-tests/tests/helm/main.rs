//! The provider's helm module with the real helm 3 and 4 on a real API server.
//!
//! All tests share one control plane; each has a namespace of its own, and most run once for each helm. Tests that need
//! helm to be slow go through a proxy of their own, which holds a request back.

// A failed expectation is how a test here ends, also in its helpers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

/// A test for each helm from a function that takes one.
macro_rules! with_both_helms {
    ($($name:ident),+ $(,)?) => {
        $(
            mod $name {
                #[tokio::test]
                async fn helm_3() {
                    super::$name($crate::world::Helm::Three).await;
                }

                #[tokio::test]
                async fn helm_4() {
                    super::$name($crate::world::Helm::Four).await;
                }
            }
        )+
    };
}

mod credentials;
mod endings;
mod life_cycle;
mod processes;
mod refusals;
mod rendering;
mod secrets;
mod world;
