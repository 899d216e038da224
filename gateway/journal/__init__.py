"""The node's one numbered, hash-chained, signed journal, and the folds over it."""
