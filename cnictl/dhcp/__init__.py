"""The daemon behind the plugin dhcp: leases of containers, got, kept and given back."""
