"""Two sets of plugins, the same work, in turn: how long each takes, and whether the difference is one."""
