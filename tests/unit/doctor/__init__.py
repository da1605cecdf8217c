"""The catalogue of failures, and what is recognised of it."""
