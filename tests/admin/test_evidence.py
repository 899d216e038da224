"""The page that proves a recording: what it lets run, what is escaped, and the pinned files of others in it."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.evidence import page

PINNED = {
    "asciinema-player.min.js": "a13c37632e1b5c49fe9128417b9319a9b5bc64cb457dd5ae52cbba8a3aceb880",
    "asciinema-player.css": "f619fe17597043564f03b2c6918b3daf890ee8b912fb408542fba11afade4fdb",
    "fzstd.js": "fbea1c25c4413b620ca3f59e6037d9f6c675c5c7f690e4d660143188f686461d",
}
EVIL = '</script><script>alert(1)</script><!-- "\'&\u2028 \x1b]0;x\x07'


def evidence(**more: Any) -> dict[str, Any]:
    """Return a recording's evidence with hostile text wherever text can be."""
    policy = {"canonical": json.dumps({"name": EVIL}), "digest": "d"}
    manifest = {"opening": {"policy": policy}, "tracks": [{"channel": 1, "root": "00"}], "sealed": True}
    tracks = [{"channel": 1, "kind": "pty", "facts": {"command": EVIL}, "stored": ""}]
    return {"session": "S-1", "manifest": json.dumps(manifest), "opening": "{}", "public_key": "00",
            "key_id": "ed25519:0", "tracks": tracks, **more}  # fmt: skip


SHOWN = {
    "operator": EVIL, "account": "root", "target": "web1", "source": "10.0.0.1", "started": "s", "ended": "e",
    "commands": [{"t": 1.5, "text": EVIL, "rule": "r", "action": "deny", "outcome": "denied", "known_by": "exec"}],
    "admin_actions": [{"time": "t", "kind": "live.watch_started", "by": EVIL, "from": "10.0.0.9", "door": "ssh"}],
}  # fmt: skip


class PageTests(SynchronousTestCase):
    """The page as text."""

    def test_no_text_becomes_markup_or_script(self) -> None:
        """Names, commands, policies: wherever they stand they are text."""
        made = page(evidence(), SHOWN, {"result": "OK", "detail": EVIL}, [EVIL])
        self.assertNotIn("<script>alert", made)
        scripts = re.findall(r"<script[^>]*>", made)
        self.assertEqual(scripts, ['<script type="application/json" id="evidence">',
                                   '<script type="application/json" id="page">', *["<script>"] * 3])  # fmt: skip
        embedded = re.search(r'id="page">(.*?)</script>', made)
        assert embedded is not None
        self.assertEqual(json.loads(embedded[1])["commands"][0]["text"], EVIL)

    def test_only_its_own_scripts_run_and_nothing_is_loaded(self) -> None:
        """The policy has their hashes, and no way out."""
        made = page(evidence(), SHOWN, {}, [])
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', made)
        assert policy is not None
        self.assertIn("default-src &#x27;none&#x27;", policy[1])
        self.assertEqual(policy[1].count("sha256-"), 5)
        self.assertNotIn("unsafe-inline", policy[1])
        self.assertIsNone(re.search(r"(?:src|href)=[\"']?https?:", made))
        self.assertIn("rests on the node&#x27;s own key only", made)

    def test_a_session_without_commands_says_so(self) -> None:
        """Tables that would be empty are a word."""
        self.assertIn("<p>None.</p>", page(evidence(), {**SHOWN, "commands": [], "admin_actions": []}, {}, []))

    def test_vendored_files_are_the_pinned_ones(self) -> None:
        """And their licences are kept beside them."""
        folder = files("gateway.admin.web") / "static" / "vendor"
        for name, digest in PINNED.items():
            self.assertEqual(hashlib.sha256((folder / name).read_bytes()).hexdigest(), digest, name)
        self.assertIn("Apache License", (folder / "asciinema-player.LICENSE").read_text())
        self.assertIn("MIT License", (folder / "fzstd.LICENSE").read_text())
