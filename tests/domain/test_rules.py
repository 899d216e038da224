"""Which rules a line hits: nothing that stands there is evaded by how it is written."""

from __future__ import annotations

import time

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.entries import AuditedRule
from gateway.domain.rules import explain, hit, judge
from gateway.domain.shell import LONGEST_LINE, Simple

RM = AuditedRule("rm", command="rm", options=("r|R|recursive", "f|force"), arguments=("/*",), action="deny")
LONG = AuditedRule("long", command="rm", options=("recursive",), action="deny")
FIND = AuditedRule("delete", command="locate", options=("delete",), action="warn")
MKFS = AuditedRule("mkfs", regex=r"^mkfs(\.\w+)? ", action="interrupt")

WAYS = (
    "rm -rf /x", "rm -fr /x", "rm -r -f /x", "rm -R --force /x", "rm --recursive --force /x", "rm --rec --fo /x",
    "rm --r --f /x", "rm --force=1 -r /x", "rm /x -rf", "rm -rf -- /x", "/bin/rm -rf /x", "'rm' -rf /x", 'r"m" -rf /x',
    r"\rm -rf /x", "rm '-rf' /x", r"rm -\rf /x", "rm  -rf\t/x", " rm -rf /x", "rm ';' -rf /x", "rm -rf /x >/dev/null",
    "rm >/dev/null -rf /x", "rm 2>&1 -rf /x", "rm -rf './x' /x", "rm -rf //x", "rm -rf /./x", "rm -v -rf /x",
)  # fmt: skip
AROUND = ("{}", "ls; {}", "ls;{}", "ls && {}", "ls&&{}", "ls || {}", "ls|{}", "ls & {}", "ls\n{}", "{};ls",
    "{}\n",
          "echo ';' && {}", 'echo "a;b"\n{}', "{} && ls")  # fmt: skip


class RuleTests(SynchronousTestCase):
    """A rule for a program, and a rule for a text."""

    def test_a_doubt_of_the_caller_makes_a_line_opaque(self) -> None:
        """Whatever stands in it."""
        self.assertEqual(judge("ls", (RM,), doubt="why").doubts, ("why",))

    def test_a_command_is_found_however_it_is_written(self) -> None:
        """Quoting, spelling, place and company make no difference."""
        for way in WAYS:
            for around in AROUND:
                line = around.format(way)
                self.assertEqual([rule for _, rule in judge(line, (RM,)).hits], [RM], line)
                self.assertFalse(judge(line, (RM,)).opaque, line)

    @given(st.sampled_from(WAYS[:8]), st.randoms(use_true_random=False), st.sampled_from(AROUND))
    def test_any_quoting_of_any_character_changes_nothing(self, way: str, draw: object, around: str) -> None:
        """Each character may be bare, escaped, or in either quote."""
        forms = ("{}", "\\{}", "'{}'", '"{}"', "''{}", '{}""', "\\\n{}")
        line = "".join(
            letter if letter == " " else forms[draw.randrange(len(forms))].format(letter)  # type: ignore[attr-defined]
            for letter in way
        )
        self.assertEqual([rule for _, rule in judge(around.format(line), (RM,)).hits], [RM], line)

    def test_an_absolute_path_is_found_however_it_is_written(self) -> None:
        """Doubled slashes, dots and detours are the same place; a relative path is only what it says."""
        etc = AuditedRule("etc", command="cat", arguments=("/etc/*",), action="deny")
        for line in (
            "cat /etc/passwd",
            "cat //etc//passwd",
            "cat /./etc/passwd",
            "cat /tmp/../etc/passwd",
            "cat x /etc/x/",
        ):
            self.assertTrue(judge(line, (etc,)).hits, line)
        for line in ("cat etc/passwd", "cat /etc/../tmp/x", "cat ./etc/x", "cat /"):
            self.assertEqual(bool(judge(line, (etc,)).hits), ".." in line, line)

    def test_what_is_not_asked_for_is_no_hit(self) -> None:
        """Other programs, too few options, other arguments, words after the end of options."""
        for line in ("rmdir -rf /x", "rm -r /x", "rm -f /x", "rm -rf x", "rm -- -rf /x", "echo rm -rf /x",
            "rm -rf -", "rm",
                     "echo 'rm -rf /x'", "", ";"):  # fmt: skip
            self.assertEqual(judge(line, (RM,)).hits, (), line)
        self.assertFalse(hit(RM, Simple(("rm", "--", "/x", "-rf"))))

    def test_long_options_are_known_by_every_beginning(self) -> None:
        """As the programs themselves know them; one dash is enough for programs that use one."""
        for line in ("rm --recursive x", "rm --r x", "rm --recu x", "rm --recursive=yes x"):
            self.assertTrue(judge(line, (LONG,)).hits, line)
        self.assertEqual(judge("rm --recursively --x --", (LONG,)).hits, ())
        self.assertTrue(judge("locate / -delete", (FIND,)).hits)
        self.assertEqual(judge("locate / -d", (FIND,)).hits, ())

    def test_a_regex_is_matched_on_the_normalised_text(self) -> None:
        """Single spaces, no quotes, no path; a file that is written is part of the text."""
        for line in ("mkfs.ext4 /dev/sda", "/sbin/mkfs   x", "'mkfs'.ext4\t/dev/sda", "ls; mkfs x"):
            self.assertTrue(judge(line, (MKFS,)).hits, line)
        self.assertEqual(judge("echo mkfs x", (MKFS,)).hits, ())
        etc = AuditedRule("etc", regex="> /etc/")
        self.assertTrue(judge("echo x >/etc/passwd", (etc,)).hits)

    def test_the_strongest_hit_comes_first(self) -> None:
        """However the rules are ordered."""
        rules = tuple(
            AuditedRule(action, command="rm", action=action)
            for action in ("warn", "deactivate", "allow", "deny", "interrupt", "lock", "review")
        )
        found = [rule.action for _, rule in judge("rm x", rules).hits]
        self.assertEqual(found, ["deactivate", "interrupt", "lock", "deny", "review", "warn", "allow"])

    def test_a_pattern_is_opaque_where_a_rule_might_match_it(self) -> None:
        """Elsewhere it is an ordinary argument."""
        self.assertTrue(judge("rm -rf *", (AuditedRule("x", command="rm", arguments=("x*",), action="deny"),)).opaque)
        self.assertTrue(judge("rm -rf ~/x", (RM,)).opaque)
        self.assertFalse(judge("rm -rf x*", (RM,)).opaque)
        self.assertFalse(judge("rm x*", (RM,)).opaque)
        self.assertFalse(judge("ls x*", (RM, MKFS)).opaque)

    @given(st.text(max_size=200), st.booleans())
    def test_it_is_total(self, line: str, surrogates: bool) -> None:
        """Any text, also with half characters, is judged."""
        judge(line + "\udcff" * surrogates, (RM, LONG, MKFS))

    def test_half_characters_do_not_hide_a_command(self) -> None:
        """A byte that is no UTF-8 is a character like any other."""
        self.assertTrue(judge("mkfs \udcff", (MKFS,)).hits)

    def test_it_takes_linear_time(self) -> None:
        """The longest lines and many rules are judged in a moment, also by patterns made to be slow."""
        slow = AuditedRule("slow", regex="(a+)+$b|(a|aa)+c")
        rules = (
            slow,
            MKFS,
            *(AuditedRule(f"r{n}", command="a", options=("x|yy",), arguments=("*a*a*b",)) for n in range(50)),
        )
        for line in ("a" * LONGEST_LINE, "a " * (LONGEST_LINE // 2), "a;" * (LONGEST_LINE // 2), "a -" + "a" * 8000):
            started = time.perf_counter()
            judge(line, rules)
            self.assertLess(time.perf_counter() - started, 2.0, line[:8])

    def test_what_is_unknown_is_possibly_a_hit_of_that_program_only(self) -> None:
        """A word that is not known may be an option, an argument, or several."""
        for line in ("rm $X", "rm -r$X /x", "rm -rf $X", "rm $(cat f)", "rm -rf ~/x", "xargs rm", "rm -rf /$X*"):
            judged = judge(line, (RM,))
            self.assertTrue(judged.hits or judged.possible, line)
        for line in ("echo $X", "echo L=$LANG", "kill -TERM $$", "cat $X", "rm -r ~/x", "rm -rf x/~", "rm -rf x*"):
            judged = judge(line, (RM, MKFS))
            self.assertEqual((judged.hits, judged.possible), ((), ()), line)
        plain = AuditedRule("plain", command="rm", arguments=("a",), action="deny")
        for line, possible in (("rm b $LANG", True), ("rm b ~/c", False), ("rm b c*", False), ("rm b *", True)):
            self.assertEqual(bool(judge(line, (plain,)).possible), possible, line)
        logs = AuditedRule("logs", command="rm", arguments=("/var/*.log",), action="deny")
        for argument, possible in (
            ("/var/x*", True),
            ("~/x.log", True),
            ("~/x.txt", False),
            ("/etc/*", False),
            ("[ab].log", False),
        ):
            self.assertEqual(bool(judge(f"rm {argument}", (logs,)).possible), possible, argument)

    def test_a_regex_is_possibly_a_hit_where_what_is_known_may_begin_it(self) -> None:
        """One that names a program is for that program; one that may begin anywhere is for whatever is not known."""
        for regex, line, possible in (
            ("^mkfs(\\.\\w+)? ", "echo $X", False), ("^mkfs(\\.\\w+)? ", "mkfs$X", False), ("^dd .*of=/dev",
            "dd $X", True),
            ("^dd .*of=/dev", "echo $X", False), ("shutdown -h", "shutdown $X", True), ("shutdown -h",
            "sudo shutdown $X", True),
            ("shutdown -h", "echo $X", False), ("halt|reboot", "echo $X", True), ("halt|reboot", "echo $LANG", False),
            ("--force", "git push $X", True), ("(?i)x\\Cy", "a $X", True),
        ):  # fmt: skip
            rule = AuditedRule("r", regex=regex, action="deny")
            self.assertEqual(bool(judge(line, (rule,)).possible), possible, (regex, line))

    def test_a_rule_for_opaque_lines_is_hit_by_them(self) -> None:
        """And by no other."""
        rule = AuditedRule("opaque", opaque=True, action="warn", score=5)
        judged = judge("$X", (rule, RM))
        self.assertEqual([(command.argv, each.name) for command, each in judged.hits], [(("$X",), "opaque")])
        self.assertEqual(judge("ls", (rule, RM)).hits, ())

    def test_a_line_is_explained(self) -> None:
        """The parse, the rule that hits each command, and what would be done."""
        warn = AuditedRule("w", command="rm", action="warn", score=3)
        told = explain("ls; sudo rm -rf /x $Y", (RM, warn)).document()
        self.assertEqual(
            [each["argv"] for each in told["commands"]],
            [["ls"], ["sudo", "rm", "-rf", "/x", "…"], ["rm", "-rf", "/x", "…"]],
        )
        self.assertEqual([(each["rule"], each["action"], each["score"]) for each in told["commands"]],
                         [(None, "none", 0), (None, "none", 0), ("rm", "deny", 0)])  # fmt: skip
        self.assertEqual((told["action"], told["opaque"], told["possible"]), ("deny", [], []))
        self.assertEqual(explain("rm x", (RM, warn)).action, "warn")
        self.assertEqual(explain("ls", (RM,)).action, "none")
        self.assertEqual(
            explain("ls", (AuditedRule("a", command="ls", action="allow"),), allow_only=True).action, "allow"
        )
        for line in ("id", "", "ls; id", "$X"):
            self.assertEqual(
                explain(line, (AuditedRule("a", command="ls", action="allow"),), allow_only=True).action, "deny", line
            )
        allowing = AuditedRule("a", command="ls", action="allow")
        self.assertEqual(explain("ls; id", (allowing, AuditedRule("w", command="id")), allow_only=True).action, "deny")
        told = explain("rm $X", (RM, AuditedRule("o", command="ls", action="deny", mode="observe"))).document()
        self.assertEqual((told["action"], told["possible"]), ("deny", ["rm"]))
        self.assertEqual(explain("$X", (RM,)).action, "deny")
        passed = explain("$X", (RM, AuditedRule("o", opaque=True, action="allow")))
        self.assertEqual((passed.action, passed.document()["commands"][-1]["rule"]), ("allow", "o"))
        self.assertEqual(explain("$X", (attrs.evolve(RM, mode="observe"),)).action, "none")
        self.assertEqual(explain("rm $X", (attrs.evolve(RM, mode="observe"),)).action, "none")
        self.assertEqual(
            explain("reboot", (AuditedRule("i", regex="reboot", action="interrupt"),), True).action, "interrupt"
        )
