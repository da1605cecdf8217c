"""Links, addresses, routes and rules of a network namespace: a thin writer, a full observer."""
