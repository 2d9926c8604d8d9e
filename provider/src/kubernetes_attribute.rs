//! The `kubernetes` attribute: which Kubernetes cluster something lives in, as the practitioner writes it. The provider
//! block, every resource, data source and ephemeral resource share it. Checks it and turns it into a
//! [`Connection`]; opens nothing.
