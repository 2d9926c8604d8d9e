"""Alibaba Cloud: ACK (the service CS), VPC and STS."""
