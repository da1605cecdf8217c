"""A black-box suite for a plugin: what the spec asks of it, tried on throwaway nodes."""
