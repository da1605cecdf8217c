"""The netlink client, namespaces and sysctls on a real kernel."""
