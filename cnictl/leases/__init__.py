"""The addresses that host-local keeps reserved, and which of them nobody has any more."""
