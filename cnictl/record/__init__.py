"""Real calls of plugins, written down as they happen, and done again."""
