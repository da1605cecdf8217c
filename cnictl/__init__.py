"""Container networks on Linux: run, check, compare and debug any CNI plugin.  Import from the submodules."""

__version__ = "0.1.0"  # a literal: importlib.metadata would cost more than a plugin's whole start-up budget
