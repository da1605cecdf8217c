"""What is read of a node, a source in each module.  Nothing is changed by looking."""
