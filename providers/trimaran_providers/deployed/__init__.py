"""What a person sees of an artifact store: the same on every cloud."""
