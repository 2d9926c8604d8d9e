//! AKS, and what it needs of Azure Resource Manager.
