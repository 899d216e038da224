"""Tests of gateway/plugins/discover.py: plugins are found only when they are named, and where nobody may write."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from gateway.plugins.discover import Found, PluginError, find_inspectors, refuse_writable

PLUGIN = """
from twisted.plugin import IPlugin
from zope.interface import implementer
from gateway.interfaces import IFileInspectorFactory

@implementer(IPlugin, IFileInspectorFactory)
class Factory:
    name = {name!r}
    schema = {{"word": str}}
    version = "3.1"
    def configure(self, section):
        return section

factory = Factory()
"""


class DiscoverCase(SynchronousTestCase):
    """A package of plugins of its own for each test."""

    def setUp(self) -> None:
        """Make the package."""
        root = Path(self.mktemp()).absolute()
        self.folder = root / f"dropins_{id(self)}"
        self.folder.mkdir(parents=True)
        (self.folder / "__init__.py").write_text("")
        (self.folder / "__init__.py").chmod(0o644)
        self.folder.chmod(0o755)
        sys.path.insert(0, str(root))
        self.addCleanup(sys.path.remove, str(root))
        importlib.invalidate_caches()
        self.package = importlib.import_module(self.folder.name)
        self.addCleanup(self.forget)

    def forget(self) -> None:
        """Take the package's modules out."""
        for name in [name for name in sys.modules if name.split(".")[0] == self.folder.name]:
            del sys.modules[name]

    def drop(self, module: str, text: str) -> None:
        """Install a plugin."""
        (self.folder / f"{module}.py").write_text(text)
        (self.folder / f"{module}.py").chmod(0o644)

    def find(self, **wanted: str) -> dict[str, Found]:
        """Find kinds; each is asked for by one inspector. As root, who may write everywhere."""
        return find_inspectors({kind: [name] for kind, name in wanted.items()}, self.package, user=0)


class DiscoverTests(DiscoverCase):
    """Finding what is named."""

    def test_a_named_plugin_is_found_with_its_version(self) -> None:
        """Among others."""
        self.drop("one", PLUGIN.format(name="acme"))
        self.drop("two", PLUGIN.format(name="other"))
        found = self.find(acme="scan")
        self.assertEqual(list(found), ["acme"])
        self.assertTrue(found["acme"].version.endswith(".one 3.1"), found["acme"].version)

    def test_nothing_is_loaded_because_it_is_there(self) -> None:
        """Without a name the folder is not even looked at."""
        self.drop("one", "raise SystemExit('loaded')")
        self.assertEqual(self.find(), {})
        self.assertNotIn(f"{self.folder.name}.one", sys.modules)

    def test_a_missing_one_is_said_with_what_to_do(self) -> None:
        """Which inspector, which kind, which command."""
        words = str(self.assertRaises(PluginError, self.find, acme="scan"))
        for part in ("inspector scan", "'acme'", "pamctl inspector rm scan"):
            self.assertIn(part, words)

    def test_two_of_one_name_are_refused(self) -> None:
        """It would not be certain which one decides."""
        self.drop("one", PLUGIN.format(name="acme"))
        self.drop("two", PLUGIN.format(name="acme"))
        self.assertIn("several", str(self.assertRaises(PluginError, self.find, acme="scan")))

    def test_one_that_raises_on_import_is_missing(self) -> None:
        """And the others are found."""
        self.drop("one", "raise RuntimeError('broken')")
        self.drop("two", PLUGIN.format(name="acme"))
        self.assertEqual(list(self.find(acme="scan")), ["acme"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class WritableTests(DiscoverCase):
    """Folders where somebody else could put code."""

    def test_what_all_may_write_is_refused(self) -> None:
        """The folder, or a module in it."""
        self.drop("one", PLUGIN.format(name="acme"))
        (self.folder / "one.py").chmod(0o666)
        self.assertRaises(PluginError, refuse_writable, [str(self.folder)], 0)
        (self.folder / "one.py").chmod(0o644)
        self.folder.chmod(0o777)
        self.assertIn("chmod", str(self.assertRaises(PluginError, refuse_writable, [str(self.folder)], 0)))

    def test_what_the_gateways_own_user_may_write_is_refused(self) -> None:
        """Where he is not root."""
        self.assertRaises(PluginError, refuse_writable, [str(self.folder)], max(1, os.geteuid()))

    def test_a_folder_that_is_not_there_is_no_danger(self) -> None:
        """A path of a name space package need not exist."""
        refuse_writable([str(self.folder / "gone")], 0)
