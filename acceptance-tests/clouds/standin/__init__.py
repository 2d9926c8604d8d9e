"""Stand-ins for the APIs of four clouds, with a clock, a journal and faults that tests steer.

A cloud is a class `standin.<cloud>.app.Cloud(clock, journal, faults, options)`: a WSGI application that also has
`environment(endpoint)`, `busy()`, `next_change()` and, where its Kubernetes credentials are tokens, `review(token)`.
All that is not the cloud's own lies here, and knows no cloud.
"""
