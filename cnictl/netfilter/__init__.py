"""Packet filters: written through iptables and nft, one transaction an operation, and read in full."""
