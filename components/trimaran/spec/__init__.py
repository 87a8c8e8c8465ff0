"""Reading the spec: the file, what a stack changes in it, and every problem found on the way."""
