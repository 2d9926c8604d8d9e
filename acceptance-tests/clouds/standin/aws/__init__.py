"""AWS: moto's EC2, IAM, STS, S3 and KMS, with an EKS of our own above them, typed by botocore's model of it.

What moto leaves out and a client of EKS meets, this adds: time (`agenda`, `network`), what hangs on what in a network
(`network`), signatures that are really checked (`signatures`), and roles that take a while to be known (`account`).

A test may order that something fails when its time is over: a fault of the operation's name and `/late`, such as
`CreateNodegroup/late`, whose body is `{"code": ..., "message": ...}` with a code that EKS has for it.
"""
