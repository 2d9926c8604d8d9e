//! EKS, and what it needs of EC2 and IAM.
