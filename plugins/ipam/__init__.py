"""Plugins that assign addresses."""
