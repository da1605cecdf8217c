"""A node's state: observed, written to a file, compared, and held against what attachments promised."""
