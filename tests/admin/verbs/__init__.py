"""Each verb, called through the one way that every door goes."""
