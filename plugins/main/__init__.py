"""Plugins that make an interface."""
