"""The rules, one module each: whatever is in here is a rule of `cnictl validate`."""
