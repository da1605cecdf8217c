"""Mistakes in network configurations: what a text says, judged without a node."""
