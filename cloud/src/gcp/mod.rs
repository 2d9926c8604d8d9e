//! GKE, and what it needs of Compute Engine.
