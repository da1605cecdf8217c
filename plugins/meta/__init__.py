"""Plugins that adjust what an earlier plugin of the list made."""
