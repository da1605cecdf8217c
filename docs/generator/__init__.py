"""Makes the pages and the completions that are committed; see ../generate.py."""
