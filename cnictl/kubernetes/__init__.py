"""The API server of a cluster: how it is reached, and requests to it, with the standard library alone."""
