"""The verbs and their doors, against the directory and the journal of the product and doubles of the rest."""
