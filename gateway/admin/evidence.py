"""One file that shows and proves a recording without any server: ``export --html``.

The rule: the page loads nothing; a policy in it lets its own scripts run and nothing else. What it plays it has
decrypted from the signed bytes in it; what comes from the journal (who watched, the commands) is said to be told, not
signed. All text is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

Row = Mapping[str, Any]

SCRIPTS = ("vendor/fzstd.js", "vendor/asciinema-player.min.js", "evidence.js")
STYLES = ("vendor/asciinema-player.css", "evidence.css")
LICENSES = ("vendor/asciinema-player.LICENSE", "vendor/fzstd.LICENSE")

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{styles}
</head>
<body>
<main>
<h1>{title}</h1>
<p id="verdict" class="part" role="status">Checking every byte of this recording …</p>
<noscript><p>Without JavaScript this page shows what the journal told, and checks nothing.</p></noscript>
<p id="channels"></p>
<div id="player"></div>
{body}
</main>
<script type="application/json" id="evidence">{evidence}</script>
<script type="application/json" id="page">{page}</script>
{scripts}
</body>
</html>
"""


def page(evidence: Row, shown: Row, report: Row, anchors: Sequence[str]) -> str:
    """Return the page: a recording's evidence, its session as ``session show`` has it, its check, what it rests on."""
    scripts, styles = [_asset(name) for name in SCRIPTS], [_asset(name) for name in STYLES]
    allowed = " ".join(map(_hash, scripts))
    policy = (
        f"default-src 'none'; script-src {allowed} 'wasm-unsafe-eval'; style-src {' '.join(map(_hash, styles))}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    commands = [{key: each.get(key) for key in ("t", "text", "rule")} for each in shown.get("commands") or ()]
    return PAGE.format(
        policy=escape(policy, quote=True),
        title=escape(f"{evidence['session']}: {shown.get('operator')} as {shown.get('account')}@{shown.get('target')}"),
        styles="\n".join(f"<style>{style}</style>" for style in styles),
        body="\n".join(_sections(evidence, shown, report, anchors)),
        evidence=_embedded(evidence),
        page=_embedded({"commands": commands}),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def _sections(evidence: Row, shown: Row, report: Row, anchors: Sequence[str]) -> Iterable[str]:
    yield _facts(evidence, shown, report, anchors)
    rows = [
        (f'<button data-t="{float(each.get("t") or 0)}">{float(each.get("t") or 0):.1f}</button>',
         *(escape(str(each.get(key) or "")) for key in ("text", "rule", "action", "outcome", "known_by")))
        for each in shown.get("commands") or ()
    ]  # fmt: skip
    titles = ("t", "command", "rule", "action", "outcome", "known by")
    yield "<h2>Commands</h2>" + _table("As the gateway knew them; the number goes there.", titles, rows)
    watched = [
        tuple(escape(str(each.get(key) if each.get(key) is not None else "")) for key in
              ("time", "kind", "by", "from", "door", "duration", "reason"))
        for each in shown.get("admin_actions") or ()
    ]  # fmt: skip
    yield "<h2>Who watched, and what admins did</h2>" + _table(
        "Told by the node's journal.", ("time", "what", "by", "from", "door", "seconds", "reason"), watched
    )
    policy = json.loads(json.loads(evidence["manifest"])["opening"]["policy"]["canonical"])
    yield f"<h2>The frozen policy</h2><pre>{escape(json.dumps(policy, indent=2, ensure_ascii=False))}</pre>"
    licenses = "\n\n".join(f"{name}\n\n{_asset(name)}" for name in LICENSES)
    shown_licenses = f"<summary>of the player in this file</summary><pre>{escape(licenses)}</pre>"
    yield f"<h2>Licences</h2><details>{shown_licenses}</details>"


def _facts(evidence: Row, shown: Row, report: Row, anchors: Sequence[str]) -> str:
    manifest = json.loads(evidence["manifest"])
    pairs = {
        "Session": evidence["session"],
        "From": shown.get("source"),
        "Started, ended": f"{shown.get('started')}, {shown.get('ended')}",
        "Policy (SHA-256)": manifest["opening"]["policy"]["digest"],
        "Signed by": evidence["key_id"],
        "Public key (Ed25519)": evidence["public_key"],
        "Chain": "; ".join(f"channel {row['channel']}: {row.get('root', 'damaged')}" for row in manifest["tracks"]),
        "When exported, verify said": f"{report.get('result')}: {report.get('detail')}",
        "Anchors": "; ".join(anchors) or "none: it rests on the node's own key only",
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in pairs.items())
    return f"<h2>What this is</h2><p>Its key's name: <code id=\"fingerprint\"></code></p><dl>{rows}</dl>"


def _table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table></div>'


def _asset(name: str) -> str:
    text = (files("gateway.admin.web") / "static" / name).read_text("utf-8")
    # What ends a script element inside a string of the script must not end it.
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--") if name.endswith(".js") else text


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _embedded(document: Any) -> str:
    """Return JSON that may stand in a script element, whatever is in it."""
    text = json.dumps(document, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
