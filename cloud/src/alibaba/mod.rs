//! ACK, and what it needs of VPC and RAM.
