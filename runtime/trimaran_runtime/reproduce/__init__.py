"""Making a release again from its manifest, to see whether the same comes out."""
