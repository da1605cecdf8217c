"""How a node is wired: its network namespaces, what joins them, and how ports lead into them."""
