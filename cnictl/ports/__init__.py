"""Ports of the node that lead to containers: what was asked for, what carries it, and what is in the way."""
