"""The contract: configurations, Results of every version, errors, names.  Nothing here does I/O."""
