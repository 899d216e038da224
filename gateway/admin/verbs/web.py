"""The way into the console over ssh: a one-use link, or the confirmation of a code.

The rule: who proves himself by ssh proves himself for one browser; what the browser says of itself is shown before
anything is confirmed, to a person at a terminal who types yes.
"""

from __future__ import annotations

from gateway.admin.answer import Answer
from gateway.admin.arguments import Argument
from gateway.admin.cleaning import clean
from gateway.admin.refusal import denied, usage
from gateway.admin.room import ADMIN, AUDITOR, Web
from gateway.admin.verb import Call, Verb, roles
from gateway.domain.secret import Secret


async def web_login(call: Call) -> Answer:
    """Print a link that is good once, or let the browser in that shows a code."""
    web = call.room.web
    if web is None:
        raise usage("the console is not served here: set `[admin] listen`")
    if call.caller.is_local or call.caller.door not in ("ssh",):
        raise denied("a login is confirmed over ssh, as the user who logs in: ssh USER@gateway web-login")
    if call["code"]:
        return await _confirm(call, web)
    link = web.link(call.caller.name)
    words = f"{link}\n# good once, for 60 seconds, in the first browser that opens it"
    return Answer({"link": link, "seconds": 60}, words=words)


async def _confirm(call: Call, web: Web) -> Answer:
    waiting = web.waiting(call["code"])
    if call.streams.prompt is None:
        raise usage("a code is confirmed by a person at a terminal: ssh -t … web-login CODE")
    said = (f"A browser asks to be logged in as {call.caller.name}:",
            f"  from   {clean(str(waiting['source']))}", f"  agent  {clean(str(waiting['agent']))}")  # fmt: skip
    await call.streams.send(("\n".join(said) + "\n").encode())
    answer = await call.streams.secret("Is it yours? Type yes (it is not shown)")
    if not answer.same_as(Secret(b"yes")):
        raise denied("nothing was typed that means yes: the browser is not logged in")
    web.confirm(call["code"], call.caller.name)
    return Answer({"confirmed": True, **waiting}, words="the browser is logged in now")


VERBS = (
    Verb("web-login", "a one-use link to the console; with CODE: let the browser in that shows it", web_login,
         roles(ADMIN, AUDITOR), (Argument("CODE", "the code on the login page", required=False),)),
)  # fmt: skip
