"""What is looked for on a node, a family in each module.  A check is a function of a bundle."""
