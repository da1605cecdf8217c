"""What keeps pods from their network: the catalogue of failures, and what a node shows of them."""
