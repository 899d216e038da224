"""One listener, two apps: what begins with ``/api/`` is the API's, all else the console's.

The rule: neither looks at what proves somebody to the other.
"""

from __future__ import annotations

import attrs

from gateway.admin.web.asked import Ask
from gateway.admin.web.reply import Reply
from gateway.admin.web.server import App


@attrs.frozen
class Site:
    """Give each request to its app."""

    api: App
    console: App

    async def __call__(self, ask: Ask) -> Reply:
        """Answer one request."""
        return await (self.api if ask.path.startswith("/api/") else self.console)(ask)
