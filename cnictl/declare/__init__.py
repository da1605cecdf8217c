"""What must hold after ADD, as data, and its comparison with what is there."""
