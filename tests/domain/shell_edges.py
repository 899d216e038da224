"""Lines with the commands that they run; lines that are doubted, and why; sessions of lines."""

ARGVS = (
    ("a b", [["a", "b"]]),
    ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
)

OPAQUE = (
    ("$x", "not known"),
)

SESSIONS = (
    ("hit", "a=rm", "$a -rf /x"),
)
