"""The thin netlink client without a kernel: codec, requests, errors."""
