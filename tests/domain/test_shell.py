"""Reading shell code: nothing that runs stays unseen, nothing that does not run is seen."""

from __future__ import annotations

import shlex
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule
from gateway.domain.rules import judge, unsettled
from gateway.domain.shell import LONGEST_LINE, MOST_COMMANDS, Shell, read, single
from gateway.domain.shell.state import MOST_NAMES
from tests.domain.shell_edges import ARGVS, OPAQUE, SESSIONS
from tests.domain.shell_evasions import EVASIONS
from tests.domain.shell_fine import FINE
from tests.domain.shell_harmless import HARMLESS, TYPED
from tests.domain.shell_hidden import HIDDEN
from tests.domain.shell_launched import LAUNCHED
from tests.domain.shell_must import MUST

RULES = (
    AuditedRule("rm", command="rm", options=("r|R|recursive", "f|force"), action="deny"),
    AuditedRule("mkfs", regex=r"^mkfs(\.\w+)? ", action="deny"),
)
JUNK = st.text(st.sampled_from("ab -;&|<>()'\"\\\n\t$`{}*?[]~#=!\0\1\u20ac/2@:,.%+^"), max_size=60)
PIECES = st.lists(
    st.sampled_from((
        "rm -rf /x", "$(", ")", "`", "'", '"', "<<E\n", "\nE\n", "{", "}", "(", ";", "\n", "&&", "|", "sh", "eval ",
        "if ",
        "then ", "fi", "for i in a", "do ", "done", "case x in ", "esac", "f() ", "$x", "${x:-", "sudo ", "xargs ",
        "echo ",
        ">", "<", "<<<", "x=", "a=(", "[[ ", " ]]", "((", "))", "\\", "~", "*", "{a,b}", "{1..9}", "$'\\x", "!",
        "&", "cat ",
        "alias a=", "-c ", "--", "tr ", "sed s/a/b/", "printf ", "%s", "base64 -d", "python -c ", "system(",
        "\udcff", "é",
    )),
    max_size=14,
).map("".join)  # fmt: skip


def seen(line: str, shell: Shell | None = None) -> str:
    """Say whether a line is hit by name, refused for what is not known of it, or passes."""
    judged = judge(line, RULES, shell)
    return "hit" if judged.hits else "opaque" if unsettled(judged, RULES, False) else "passes"


def argvs(line: str, shell: Shell | None = None) -> list[tuple[str, ...]]:
    """Return the words of the commands of a line."""
    return [command.argv for command in read(line, shell).commands if not command.guessed]


def written(form: str, letter: str) -> str:
    """Write one letter in one way."""
    return form.format(letter if "{}" in form else ord(letter))


class TableTests(SynchronousTestCase):
    """Line by line."""

    def test_what_runs_is_seen_by_name(self) -> None:
        """However it is quoted, wrapped, piped, encoded or made of variables."""
        missed = [line for line in MUST if seen(line) != "hit"]
        self.assertEqual(missed, [])
        self.assertGreaterEqual(len(MUST), 400)

    def test_unseen_ways_do_not_pass(self) -> None:
        """Nine of ten are seen by name, the others can not be read; none of either passes."""
        told = [(line, seen(line)) for line in (*EVASIONS, *LAUNCHED)]
        self.assertEqual([line for line, what in told if what == "passes"], [])
        self.assertGreater(sum(what == "hit" for _, what in told), 0.9 * len(told))

    def test_what_only_looks_like_it_passes(self) -> None:
        """In words, patterns, names of files, subcommands of other programs."""
        self.assertEqual([line for line in FINE if seen(line) != "passes"], [])

    def test_guesses_are_neither_executed_nor_in_need_of_permission(self) -> None:
        """They count for the rules that hit them, leave no doubts, and are no reason to guess again."""
        for line, commands in (
            ("frob -x 'rm -rf /x'", ["rm -rf /x"]),
            ("npm exec '$(' --pre= -- a", ["a"]),
            ("frob '' --hook=", []),
            ("docker ssh-agent -- rm -rf /x", ["rm -rf /x"]),
            ("npm run x -- npm run y", ["x -- npm run y", "npm run y", "run y", "y"]),
            ("npm exec ' '", []),
            ("ls -- rm -rf", []),
            ("frob", []),
        ):
            reading = read(line)
            self.assertEqual([each.text for each in reading.commands if each.guessed], commands, line)
            self.assertEqual(reading.doubts, [], line)
        many = read("; ".join(f"frob -x 'rm {number}'" for number in range(90)))
        self.assertEqual(len(many.commands), MOST_COMMANDS)

    def test_what_is_hidden_is_at_least_opaque(self) -> None:
        """What can not be worked out is never taken for harmless."""
        self.assertEqual([line for line in HIDDEN if seen(line) == "passes"], [])
        self.assertGreaterEqual(len(HIDDEN), 250)

    def test_what_does_not_run_passes(self) -> None:
        """Under the same rules, whatever words the line has."""
        self.assertEqual([line for line in HARMLESS if seen(line) != "passes"], [])
        self.assertGreaterEqual(len(HARMLESS), 350)

    def test_a_shell_whose_input_is_judged_too_passes(self) -> None:
        """Where it is not, it is opaque."""
        for line in TYPED:
            self.assertEqual(seen(line, Shell(typed=True)), "passes", line)
            self.assertEqual(seen(line), "opaque", line)

    def test_words_are_those_a_program_gets(self) -> None:
        """Each line with the commands that it runs."""
        for line, wanted in ARGVS:
            self.assertEqual(argvs(line), [tuple(each) for each in wanted], line)
            self.assertEqual(read(line).doubts, [], line)

    def test_what_can_not_be_read_is_doubted(self) -> None:
        """With words that say why."""
        for line, why in OPAQUE:
            self.assertTrue(any(why in each for each in read(line).doubts), (line, read(line).doubts))

    def test_a_session_remembers(self) -> None:
        """Lines one after another, in one state: the last one is judged."""
        for wanted, *lines in SESSIONS:
            shell = Shell(typed=True)
            found = [seen(line, shell) for line in lines]
            self.assertEqual(found[-1], wanted, lines)

    def test_a_copy_of_a_shell_goes_its_own_way(self) -> None:
        """What is done in one is not known in the other."""
        first = Shell()
        read("a=rm; cd /tmp", first)
        second = first.copy()
        read("a=ls", second)
        self.assertEqual((seen("$a -rf /x", first), seen("$a -rf /x", second)), ("hit", "passes"))

    def test_what_is_unknown_is_shown_as_an_ellipsis(self) -> None:
        """In words and in files that are written."""
        self.assertEqual([each.shown for each in read("a $b ~/c >d$e").commands], ["a … …/c > d…"])

    def test_a_session_that_sets_too_much_is_opaque(self) -> None:
        """What is not kept could be anything."""
        shell = Shell()
        for number in range(MOST_NAMES + 1):
            self.assertEqual(read(f"v{number}=x", shell).doubts, [])
        self.assertTrue(read("ls", shell).opaque)
        shell = Shell()
        read(f"a=({'b ' * (MOST_NAMES + 1)}); c={'d' * 3000}", shell)
        read("c=$c$c$c$c$c$c", shell)
        self.assertEqual((shell.value("a"), shell.value("c")), ("\0", "\0"))


class PropertyTests(SynchronousTestCase):
    """Any text."""

    @settings(max_examples=200, deadline=None)
    @given(JUNK)
    def test_it_is_total(self, line: str) -> None:
        """Any text is read; no command is without a name."""
        self.assertTrue(all(command.argv for command in read(line).commands))
        single(line)

    @settings(max_examples=200, deadline=None)
    @given(PIECES)
    def test_it_is_total_on_pieces_of_code(self, line: str) -> None:
        """Whatever is put together."""
        read(line)
        single(line)

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
    def test_it_is_total_over_a_session(self, first: str, more: list[str]) -> None:
        """Also on text that is no valid Unicode, and in a state that strange lines have left."""
        shell = Shell()
        for line in (first, *more, first):
            read(line, shell)

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.text(st.characters(exclude_characters="\0\1\2\3\4\5\6", exclude_categories=["Cs"]), max_size=8),
            min_size=1,
            max_size=5,
        )
    )
    def test_quoted_words_read_back(self, words: list[str]) -> None:
        """What is quoted for a shell is read as the words it was."""
        self.assertEqual(argvs(shlex.join(["p", *words])), [("p", *words)])

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from(("rm -rf /x", "sudo rm -rf /x", "env A=1 rm -r -f /x", "nice -n 1 rm -fr /x")),
        st.randoms(use_true_random=False),
    )
    def test_any_quoting_of_a_denied_command_is_denied(self, line: str, draw: object) -> None:
        """Each character may be bare, escaped, in either quote, or by number; blanks may be more or continued."""
        forms = ("{}", "\\{}", "'{}'", '"{}"', "''{}", '{}""', "\\\n{}", "$'{}'", "$'\\x{:02x}'", "$'\\{:03o}'")
        blanks = (" ", "  ", "\t", " \\\n", " \t ")
        pick = draw.choice  # type: ignore[attr-defined]
        text = "".join(
            pick(blanks) if letter == " " else letter if letter == "=" else written(pick(forms), letter)
            for letter in line
        )
        self.assertEqual(seen(text), "hit", text)

    def test_it_takes_bounded_time(self) -> None:
        """The longest line of the worst pieces is read in a moment."""
        pieces = (
            "'", '"', "\\", "a;", "a ", ";", ">", ">x ", "#", "*", "&>", "a\n", "$(", "`", "{", "{a,", "{a,b}", "(",
            "((", "${", "$((", "[[ ", "if a;then ", "a|", "a&&", "f(){ ", "<<E\n", "<<<a ", "$'", "sh -c '",
            "eval ", "$x",
            "a=$a$a;", "case a in ", "for i in {1..16};do ", "x=b;", "b(){ b;b; };b;", "alias a='a a';a;", "a[",
            "@(", "<(", "\n", "\t", "é", "\udcff", "sudo ", "\\\n", "!", "=~ (", "printf %s ", "tr a b|",
            "echo {1..64};",
        )  # fmt: skip
        for piece in pieces:
            line = (piece * LONGEST_LINE)[: LONGEST_LINE // 2]
            started = time.process_time()
            read(line)
            self.assertLess(time.process_time() - started, 1.0, piece)

    def test_what_is_too_long_is_doubted(self) -> None:
        """A byte too many, or a command too many."""
        for tangled in ("a|" * 1001, "(" * 1001, "a\n" * 1001):
            found = read(tangled)
            self.assertEqual((found.doubts, found.commands), (["the line is too tangled to be read"], []))
        self.assertEqual(read("a" * LONGEST_LINE).doubts, [])
        for line in ("a" * (LONGEST_LINE + 1), "é" * (LONGEST_LINE // 2 + 1), "a;" * (MOST_COMMANDS + 1)):
            self.assertTrue(read(line).opaque, line[:4])
        self.assertEqual(len(read("a;" * (MOST_COMMANDS + 1)).commands), MOST_COMMANDS)


class SingleTests(SynchronousTestCase):
    """A line that is one plain command and nothing else."""

    def test_one_plain_command_is_told(self) -> None:
        """Quotes and patterns are all it may have."""
        for line, argv in (
            ("a b", ("a", "b")),
            ("'a' \"b c\" d\\ e", ("a", "b c", "d e")),
            ("/bin/a '$x' '{'", ("a", "$x", "{")),
            ("dir/ x", ("dir/", "x")),
        ):
            found = single(line)
            assert found is not None, line
            self.assertEqual((found.argv, found.unsure), (argv, False))
        for line in ("a *", "a ~/x", "a $HOME"):
            found = single(line)
            assert found is not None, line
            self.assertTrue(found.unsure)

    def test_whatever_is_more_is_not(self) -> None:
        """Anything that may become another command, another word or a file."""
        for line in (
            "",
            " ",
            "a;b",
            "a|b",
            "a&",
            "a\nb",
            "a >b",
            "a <b",
            "a <<E\nE",
            "X=1 a",
            "a $x",
            "a $(b)",
            "a `b`",
            "a <(b)",
            "a {b,c}",
            "a {",
            "a 'b",
            "if a",
            "! a",
            "* a",
            "a\0",
            "a ${x:=b}",
            'a "$@"',
            "'' a",
            "~ b",
            "$HOME",
            "(a)",
            "[ a ]",
            "a $'\\x",
        ):
            self.assertIsNone(single(line), line)


class CopyTests(SynchronousTestCase):
    """A line may be weighed without being remembered."""

    def test_a_copy_knows_the_same_and_learns_for_itself(self) -> None:
        """What is read with a copy changes nothing in the original."""
        shell = Shell(typed=True)
        read("tool=rm", shell)
        copied = shell.copy()
        self.assertEqual(read("$tool -rf /x", copied).commands[0].argv[0], "rm")
        read("tool=ls", copied)
        self.assertEqual(read("$tool /x", shell).commands[0].argv[0], "rm")
        self.assertTrue(copied.typed)
