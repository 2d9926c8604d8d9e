"""AKS, and what it needs of the Azure Resource Manager and of Entra."""
