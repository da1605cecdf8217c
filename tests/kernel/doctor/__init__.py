"""Faults on throwaway nodes, and whether the doctor names them."""
