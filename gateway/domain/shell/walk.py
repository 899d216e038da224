"""Read shell code: statement by statement, with the state that each leaves to the next.

The rule: every command that stands anywhere in the code counts, whatever condition it hangs on. What a statement
writes to its output is worked out where that is possible, because it may be code for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack, nullcontext

import attrs
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from gateway.domain.shell import words
from gateway.domain.shell.execute import execute
from gateway.domain.shell.plumbing import UNSEEN, Plumbing, redirected
from gateway.domain.shell.reading import Reading
from gateway.domain.shell.simple import Simple
from gateway.domain.shell.state import Shell
from gateway.domain.shell.tokens import MARK, TOWARDS, Tokens
from gateway.domain.shell.unknown import ANY, SOME
from gateway.domain.shell.variables import filled, watched
from gateway.domain.shell.words import LITERAL, Field
from gateway.domain.shell.wrappers import KEYWORDS

MOST_DEPTH = 8
"""Code in code in code: deeper is not read."""
MOST_NESTED, MOST_RUNS = 40, 20
MOST_TURNS = 16
"""So many turns of a loop are read one by one; of more, one with everything possible."""
_STRANGE = re.compile("[\0\2-\5]")
_PARSER = Parser(Language(tree_sitter_bash.language()))
_PLAIN = re.compile(r"[\w/.:@%+,-][\w/.:@%+,=-]*(?: +[\w/.:@%+,=-]+)* *")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.S)
_MARKS = re.compile(f"{MARK}\\d+{MARK}")
_BRANCHES = frozenset({"then", "do_group", "elif_clause", "else_clause"})
_CHAINS = frozenset({"list", "pipeline", "negated_command"})
_REDIRECTS = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})
_LASTING = frozenset({":", "eval", "export", "exec", ".", "source", "set", "trap", "readonly", "unset", "return"})
"""Builtins after which an assignment before them lasts, in a POSIX shell."""


@attrs.define(eq=False)
class Walk:
    """Read code into a :class:`Reading`, with a :class:`Shell` for its state."""

    shell: Shell
    reading: Reading
    arguments: list[list[str]] = attrs.field(factory=lambda: [[ANY]])
    """Positional parameters, of the innermost function last."""
    inside: list[str] = attrs.field(factory=list)
    """Functions and aliases that are being read."""
    depth: int = 0
    guessing: bool = False
    """Whether what is read is a guess."""
    _nested: int = 0
    _running: int = 0
    _tokens: Tokens = attrs.field(factory=lambda: Tokens(""))
    _attached: dict[int, list[Node]] = attrs.field(factory=dict)
    """Redirections that belong to the last command of what they stand behind, by that command's node."""
    _channels: int = 0

    def code(self, text: str, stdin: str | None = None) -> str:
        """Read code and return what it writes."""
        if self.depth >= MOST_DEPTH or not self.reading.spend(len(text) + 64):
            self.doubt("code stands in code too deeply")
            return ANY
        if _STRANGE.search(text):
            self.doubt("code is made of something unknown")
            text = _STRANGE.sub(SOME, text)
        if _PLAIN.fullmatch(text):
            first, *rest = text.split()
            if first not in KEYWORDS and "=" not in first:
                return self.run([Field(first), *map(Field, rest)], Plumbing(stdin))
        self.depth += 1
        written = self._parsed(text, stdin)
        self.depth -= 1
        return written

    def _parsed(self, text: str, stdin: str | None) -> str:
        outer, attached = self._tokens, self._attached
        self._tokens, self._attached = Tokens(text), {}
        self._tokens.cut()
        for fault in self._tokens.faults:
            self.doubt(fault)
        root = _PARSER.parse(self._tokens.plain.encode("utf-8", "replace")).root_node
        if root.has_error:
            self.doubt("the grammar is broken or unknown")
            written = self._flat(self._tokens, stdin)
        else:
            written = self.statement(root, Plumbing(stdin))
        self._tokens, self._attached = outer, attached
        return written

    def _flat(self, tokens: Tokens, stdin: str | None) -> str:
        """Read the commands of code without grammar: whatever stands between operators."""
        for sources in tokens.commands():
            while sources and (sources[0] in KEYWORDS or _ASSIGNMENT.fullmatch(sources[0])):
                del sources[0]
            if sources:
                self.run(self._fields(sources), Plumbing(stdin))
        return ANY

    def statement(self, node: Node, plumbing: Plumbing) -> str:
        """Read one statement, and return what it writes."""
        if self._nested >= MOST_NESTED:
            self.doubt("statements stand in statements too deeply")
            return ANY
        if node.id in self._attached:
            plumbing = self._plumbed(plumbing, self._attached[node.id])
        self._nested += 1
        written = STATEMENTS.get(node.type, Walk._parts)(self, node, plumbing)
        self._nested -= 1
        return written

    def _sequence(self, node: Node, plumbing: Plumbing) -> str:
        written, inner = [], Plumbing(plumbing.stdin)
        for child in node.named_children:
            following = child.next_sibling
            with self.shell.apart() if following is not None and following.type == "&" else nullcontext():
                written.append(self.statement(child, inner))
        return self._sent("".join(written), plumbing)

    def _sent(self, written: str, plumbing: Plumbing) -> str:
        """Put what a compound writes into the files its output goes to, as if one command did it."""
        if not plumbing.writes:
            return written
        self.reading.add(Simple((":",), ":", plumbing.names))
        return plumbing.caught(self.shell, written)

    def _subshell(self, node: Node, plumbing: Plumbing) -> str:
        with self.shell.apart():
            return self._sequence(node, plumbing)

    def _pipeline(self, node: Node, plumbing: Plumbing) -> str:
        fed, stages = plumbing.stdin, node.named_children
        for stage in stages:
            with self.shell.perhaps():
                fed = self.statement(stage, Plumbing(fed, plumbing.writes if stage is stages[-1] else ()))
        return fed or ""

    def _list(self, node: Node, plumbing: Plumbing) -> str:
        chain: list[tuple[str, Node]] = []
        while node.type == "list":
            chain.append((node.children[1].type, node.children[-1]))
            node = node.children[0]
        written = self.statement(node, plumbing)
        with ExitStack() as scope:
            scope.enter_context(self.shell.perhaps())
            for link, right in reversed(chain):
                more = self._linked(link, right, plumbing, scope)
                written = ANY if link == "||" and more and written else written + more
        return written

    def _linked(self, operator: str, node: Node, plumbing: Plumbing, scope: ExitStack) -> str:
        """Read what follows ``&&`` or ``||``: what was done before the latter is uncertain, and so is what it does."""
        if operator == "&&":
            return self.statement(node, plumbing)
        scope.close()
        with self.shell.perhaps():
            written = self.statement(node, plumbing)
        scope.enter_context(self.shell.perhaps())
        return written

    def _parts(self, node: Node, plumbing: Plumbing) -> str:
        """Read a compound: a condition, then branches that run or do not run."""
        written = ""
        with ExitStack() as scope:
            for child in node.children:
                if child.type in _BRANCHES:
                    scope.close()
                    scope.enter_context(self.shell.perhaps())
                if child.is_named:
                    written += self.statement(child, Plumbing(plumbing.stdin))
        return self._sent(ANY if written else "", plumbing)

    def _loop(self, node: Node, plumbing: Plumbing) -> str:
        """Read a ``while`` twice: what a turn leaves may be another command in the next."""
        found = len(self.reading.commands)
        with self.shell.perhaps():
            written = self._parts(node, Plumbing(plumbing.stdin))
        again = len(self.reading.commands)
        with self.shell.perhaps():
            self._parts(node, Plumbing(plumbing.stdin))
        commands = self.reading.commands
        commands[again:] = [each for each in commands[again:] if each not in commands[found:again]]
        return self._sent(written, plumbing)

    def _for(self, node: Node, plumbing: Plumbing) -> str:
        name = self._source(node.named_children[0])
        body = [child for child in node.named_children if child.type in ("do_group", "compound_statement")]
        listed = [child for child in node.named_children[1:] if child not in body]
        values = [field.text for field in self._fields([self._source(each) for each in listed])]
        if not any(child.type == "in" for child in node.children):
            values = self.arguments[-1]
        if len(values) > MOST_TURNS or node.children[0].type == "select":
            values = [ANY]
        written = ""
        for value in values:
            with self.shell.perhaps():
                self.shell.assign(name, value)
                written += "".join(self.statement(each, Plumbing(plumbing.stdin)) for each in body)
        return self._sent(written, plumbing)

    def _case(self, node: Node, plumbing: Plumbing) -> str:
        self._touch(node.named_children[0], plumbing)
        written = ""
        for item in node.named_children[1:]:
            with self.shell.perhaps():
                written += "".join(self.statement(child, Plumbing(plumbing.stdin)) for child in item.named_children)
        return self._sent(ANY if written else "", plumbing)

    def _define(self, node: Node, plumbing: Plumbing) -> str:
        """Remember a function, and count the commands in it."""
        name, body = node.named_children[0], node.named_children[-1]
        source = self._source(body)
        self.shell.define(self._source(name), source)
        aside = Reading(self.reading.commands, [], self.reading.effort)
        outer, self.reading = self.reading, aside
        with self.shell.apart():
            self.inside.append(self._source(name))
            self.statement(body, Plumbing(plumbing.stdin))
            self.inside.pop()
        self.reading, outer.effort = outer, aside.effort
        return ""

    def _touch(self, node: Node, plumbing: Plumbing) -> str:
        """Read the substitutions in words that are no command."""
        for source in map(self._tokens.original, _MARKS.findall(self._text(node))):
            words.text(source, self)
        return ""

    def _test(self, node: Node, plumbing: Plumbing) -> str:
        self._touch(node, plumbing)
        return self._sent("", plumbing)

    def _assignments(self, node: Node, plumbing: Plumbing) -> str:
        nodes = node.named_children if node.type == "variable_assignments" else [node]
        for each in nodes:
            self._assign(each)
        return self._sent("", plumbing)

    def _assign(self, node: Node) -> str:
        """Set a variable or an array; return its name."""
        name, _, value = self._text(node).partition("=")
        more = name.endswith("+")
        name = name.removesuffix("+")
        parts = node.named_children[-1]
        if parts.type == "array":
            filled(self, name, self._fields([self._source(each) for each in parts.named_children]), more)
        else:
            text = words.text(self._tokens.original(value), self)
            self.assign(name, self.shell.value(name) + text if more else text)
        return name

    def assign(self, name: str, value: str) -> None:
        """Set a variable, and read what it makes run."""
        self.shell.assign(name, value)
        watched(self, name, value)

    def _command(self, node: Node, plumbing: Plumbing) -> str:
        assigned = [child for child in node.named_children if child.type == "variable_assignment"]
        redirects = [child for child in node.named_children if child.type in _REDIRECTS]
        named = [child for child in node.named_children if child not in assigned and child not in redirects]
        sources = [self._source(child) for child in named]
        plumbing = self._plumbed(plumbing, redirects)
        fields = self._fields(sources)
        if not assigned:
            return self.run(fields, plumbing)
        before = dict(self.shell.variables)
        names = [self._assign(each) for each in assigned]
        with self.shell.exporting(names):
            written = self.run(fields, plumbing)
        if not fields or fields[0].text not in _LASTING:
            self.shell.restore(before, names)
        return written

    def _declaration(self, node: Node, plumbing: Plumbing) -> str:
        fields = [Field(node.children[0].type)]
        for child in node.named_children:
            if child.type == "variable_assignment":
                name = self._assign(child)
                fields.append(Field(name if name in self.shell.arrays else f"{name}={self.shell.value(name)}"))
            else:
                fields += self._fields([self._source(child)])
        return self.run(fields, plumbing)

    def _redirected(self, node: Node, plumbing: Plumbing) -> str:
        redirects = [child for child in node.named_children if child.type in _REDIRECTS]
        body = next((child for child in node.named_children if child not in redirects), None)
        if body is not None and body.type in _CHAINS:
            while body.type in _CHAINS:
                body = body.named_children[-1]
            self._attached[body.id] = redirects
            return self.statement(node.named_children[0], plumbing)
        plumbing = self._plumbed(plumbing, redirects)
        if body is None:
            self._sent("", plumbing)
            return "" if plumbing.stdin is None else ANY if plumbing.stdin == UNSEEN else plumbing.stdin
        return self.statement(body, plumbing)

    def _plumbed(self, plumbing: Plumbing, redirects: list[Node]) -> Plumbing:
        """Apply redirections: operators with their numbers, and the words behind."""
        for node in redirects:
            mark = _MARKS.fullmatch(self._text(node)[1:])
            if mark is None:
                self.doubt("words stand behind a redirection")
            operator, _, word = self._tokens.original(mark[0] if mark else "").partition(TOWARDS)
            plumbing = redirected(self, plumbing, operator, word)
        return plumbing

    def run(self, fields: list[Field], plumbing: Plumbing) -> str:
        """Run one simple command."""
        if not fields:
            return self._sent("", plumbing)
        if self._running >= MOST_RUNS:
            self.doubt("programs run programs too deeply")
        elif self.reading.spend(sum(len(field.text) for field in fields) + 32):
            self._running += 1
            written = execute(self, fields, plumbing)
            self._running -= 1
            return written
        return ANY

    def _text(self, node: Node) -> str:
        return (node.text or b"").decode("utf-8", "replace")

    def _source(self, node: Node) -> str:
        return self._tokens.original(self._text(node))

    def _fields(self, sources: list[str]) -> list[Field]:
        found: list[Field] = []
        for source in sources:
            if LITERAL.fullmatch(source):
                found.append(Field(source))
            else:
                found += words.fields(source, self)
        return found

    def document(self, number: int) -> str:
        """Return the text of a here-document of the code that is being read."""
        found = self._tokens.documents[number]
        return words.quoted_text(found.text, self) if found.expands else found.text

    def doubt(self, why: str) -> None:
        """Note that something can not be read."""
        self.reading.doubt(why)

    def value(self, name: str) -> str:
        """Return a variable's or positional parameter's value."""
        if name.isdecimal() and name != "0":
            place = int(name) - 1
            known = self.arguments[-1]
            return known[place] if place < len(known) and ANY not in known[: place + 1] else ANY if ANY in known else ""
        return self.shell.value(name)

    def elements(self, name: str) -> list[str]:
        """Return the positional parameters or an array's elements."""
        return self.arguments[-1] if name in "@*" else self.shell.elements(name)

    def substituted(self, code: str) -> str:
        """Return what code writes, without the newlines at the end."""
        with self.shell.apart():
            return self.code(code).rstrip("\n")

    def channel(self, code: str, direction: str) -> str:
        """Read code beside, and return the path that is connected to it."""
        self._channels += 1
        path = f"/dev/fd/{62 + self._channels}"
        with self.shell.apart():
            written = self.code(code, None if direction == "<" else ANY)
        self.shell.write(path, written if direction == "<" else ANY)
        return path


STATEMENTS: dict[str, Callable[[Walk, Node, Plumbing], str]] = {
    "program": Walk._sequence,
    "compound_statement": Walk._sequence,
    "do_group": Walk._sequence,
    "subshell": Walk._subshell,
    "pipeline": Walk._pipeline,
    "list": Walk._list,
    "command": Walk._command,
    "redirected_statement": Walk._redirected,
    "declaration_command": Walk._declaration,
    "unset_command": Walk._declaration,
    "variable_assignment": Walk._assignments,
    "variable_assignments": Walk._assignments,
    "function_definition": Walk._define,
    "for_statement": Walk._for,
    "while_statement": Walk._loop,
    "case_statement": Walk._case,
    "negated_command": Walk._sequence,
    "test_command": Walk._test,
    **dict.fromkeys(("word", "number", "concatenation", "string", "extglob_pattern", "variable_name"), Walk._touch),
}
"""How each node is read; the parts of all others may run or not."""
