"""What a verb would change: the real plugins, run on a throwaway copy of this node."""
