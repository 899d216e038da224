"""The pages behind the login, one module a theme; ``table`` lists them all.

Each page calls verbs and shows what they found. May never be here: a decision on who may do what, a way to the rooms
behind the verbs.
"""
