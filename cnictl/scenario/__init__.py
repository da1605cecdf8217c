"""Declared lifecycles: what a network should look like, run on throwaway nodes and judged."""
