"""The API and the console's listener by real clients: curl, a crowd, readers that never read, TLS."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import Any

from tests.real.harness import GRANT, Outcome, Place, PlaceCase, run, until
from tests.real.terminals import Terminal

TARGETS = GRANT


class ApiCase(PlaceCase):
    """One gateway with a token of carol's."""

    def setUp(self) -> None:
        super().setUp()
        self.token = self.place.ssh("carol", "token", "add", "test", "--ttl", "1h", key="carol").out.decode().split()[0]

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.place.gateway.web}"

    def curl(self, path: str, *words: str, token: str | None = None) -> Outcome:
        """Ask with curl; the status is the last line."""
        bearer = f"Authorization: Bearer {self.token if token is None else token}"
        return run(["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", "-H", bearer, *words, f"{self.home}{path}"])

    def ask(self, path: str, *words: str, **more: Any) -> tuple[int, Any]:
        """Ask with curl; return status and JSON."""
        body, _, status = self.curl(path, *words, **more).out.decode().rpartition("\n")
        return int(status), json.loads(body)

    def wire(self, path: str, cookie: str = "", seconds: float = 10) -> socket.socket:
        """Send a request on a socket of one's own and read nothing."""
        wire = socket.create_connection(("127.0.0.1", self.place.gateway.web), seconds)
        bearer = f"Authorization: Bearer {self.token}\r\nAccept: text/event-stream"
        proof = f"Cookie: ostiary={cookie}" if cookie else bearer
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{proof}\r\n\r\n".encode())
        self.addCleanup(wire.close)
        return wire

    def cookie(self) -> str:
        """Log in by a link as a browser does; return the visit's cookie."""
        link = self.place.ssh("carol", "web-login", key="carol").out.decode().split()[0]
        jar = str(self.place.folder / "jar")
        page = run(["curl", "-sS", "-c", jar, link]).out.decode()
        forms = re.findall(r'name="forms" value="([^"]+)"', page)[0]
        origin = f"Origin: {self.home}"
        run(["curl", "-sS", "-b", jar, "-c", jar, "-H", origin, "-d", f"forms={forms}", link])
        kept = (self.place.folder / "jar").read_text()
        return next(line.split("\t")[6] for line in kept.splitlines() if "\tostiary\t" in line)


class ApiTests(ApiCase):
    """As a script uses it."""

    def test_a_script_reads_orders_and_follows(self) -> None:
        """The verbs' own JSON; an order reaches a running session; refusals keep code and words."""
        terminal = Terminal.shell(self.place, self.place.to_web())
        status, found = self.ask("/api/v1/sessions?live=true")
        self.assertEqual((status, found["schema"], found["data"][0]["operator"]), (200, "pam/1", "alice"))
        given = ("-H", "Content-Type: application/json", "-d", '{"user": "alice", "reason": "by script"}')
        self.assertEqual(self.ask("/api/v1/lock", *given)[0], 200)
        terminal.expect("by script")
        self.assertEqual(self.place.pamctl("locks")[0]["by"], "carol")
        self.assertEqual(self.ask("/api/v1/unlock", *given)[0], 200)
        status, refused = self.ask("/api/v1/session/show?id=S-9")
        self.assertEqual((status, refused["error"]["kind"]), (404, "not_found"))
        self.assertEqual(self.ask("/api/v1/sessions", token="ost_00000000_" + "A" * 43)[0], 401)
        told = self.place.events("--kind", "user.locked")[-1]
        self.assertEqual((told["by"], told["door"]), ("carol", "api"))

    def test_events_are_followed_as_they_happen_until_the_token_is_taken_back(self) -> None:
        """Server-sent, one event a block."""
        wire = self.wire("/api/v1/events?kind=session.*&last=1")
        seen = bytearray()

        def shows(words: bytes) -> bool:
            wire.settimeout(5)
            seen.extend(wire.recv(65536))
            return words in seen

        self.place.ssh(self.place.to_web(), "true")
        until(lambda: shows(b"session.ended"), "the end is told")
        self.assertIn(b"text/event-stream", seen)
        identity = next(row["id"] for row in self.place.pamctl("token", "list") if row["id"] in self.token)
        self.place.pamctl("token", "rm", identity)
        until(lambda: shows(b"\r\n0\r\n\r\n"), "the stream is over")
        self.assertEqual(self.ask("/api/v1/status")[0], 401)

    def test_who_may_not_come_from_here_may_not_with_a_token_either(self) -> None:
        """His token is good, his address is not."""
        self.place.pamctl("user", "add", "dave", "--roles", "auditor", "--origin", "192.0.2.0/24")
        token = self.place.pamctl("token", "add", "x", "--user", "dave")["token"]
        status, refused = self.ask("/api/v1/status", token=token)
        self.assertEqual((status, refused["error"]["message"]), (403, "dave may not come from 127.0.0.1"))

    def test_the_description_is_openapi(self) -> None:
        """With every verb in it."""
        status, told = self.ask("/api/v1/openapi.json")
        self.assertEqual((status, told["openapi"]), (200, "3.1.0"))
        self.assertIn("/session/show", told["paths"])


class CrowdTests(ApiCase):
    """Who does not behave."""

    def test_a_crowd_of_open_streams_and_half_requests_costs_the_others_nothing(self) -> None:
        """Some are refused, the rest wait, and a person's page is served at once; the memory stays."""
        before = self.place.gateway.memory()
        wires = []
        for number in range(300):
            try:
                wire = socket.create_connection(("127.0.0.1", self.place.gateway.web), 5)
            except OSError:
                continue
            wire.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Half: " if number % 2 else b"GET / HT")
            wires.append(wire)
        self.assertGreater(len(wires), 100)
        self.assertEqual(self.place.ssh(self.place.to_web(), "echo still here").out, b"still here\n")
        for wire in wires:
            wire.close()
        until(lambda: self.ask("/api/v1/status")[0] == 200, "there is room again")
        self.assertLess(self.place.gateway.memory() - before, 60 * 1024 * 1024)

    def test_a_viewer_who_never_reads_is_left_behind_and_costs_nothing(self) -> None:
        """The session goes on, nothing piles up for him, and he is cut at last."""
        cookie = self.cookie()
        terminal = Terminal.shell(self.place, self.place.to_web())
        session = self.place.live()[0]["id"]
        wires = [self.wire(f"/s/{session}/live", cookie) for _ in range(8)]
        until(lambda: self.place.live()[0]["watchers"] == 8, "eight watch")
        before, begun = self.place.gateway.memory(), time.monotonic()
        terminal.type("seq 1 300000; echo do''ne\r")
        terminal.expect("\r\ndone", 60)
        self.assertLess(time.monotonic() - begun, 45)
        self.assertLess(self.place.gateway.memory() - before, 40 * 1024 * 1024)
        for wire in wires:
            wire.close()
        until(lambda: self.place.live()[0]["watchers"] == 0, "nobody watches")

    def test_one_visit_has_so_many_streams_and_no_more(self) -> None:
        """The next is refused in words."""
        cookie = self.cookie()
        wires = [self.wire("/stream/wall", cookie) for _ in range(14)]
        heads = [wire.recv(12) for wire in wires]
        self.assertEqual(heads.count(b"HTTP/1.1 200"), 12)
        self.assertEqual(heads.count(b"HTTP/1.1 429"), 2)


class TlsTests(PlaceCase):
    """With a certificate of its own."""

    alone = True

    def _place(self) -> Place:
        self.place = super()._place()
        folder = self.place.folder
        made = ["-keyout", str(folder / "web.key"), "-out", str(folder / "web.pem"), "-subj", "/CN=localhost"]
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        run(["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *made])
        gateway = self.place.gateway
        text = gateway.config.read_text()
        keys = f'cert = "file:{folder}/web.pem"\nkey = "file:{folder}/web.key"\n'
        gateway.config.write_text(text.replace("[ssh]\n", f"{keys}[ssh]\n", 1))
        gateway.restart()
        return self.place

    def test_over_tls_the_cookie_belongs_to_the_host_alone(self) -> None:
        """Nothing is served in clear; old protocols are not spoken."""
        home = f"https://127.0.0.1:{self.place.gateway.web}"
        said = run(["curl", "-sS", "-k", "-i", f"{home}/login"]).out.decode()
        self.assertIn("set-cookie: __Host-ostiary-browser=", said.replace("Set-Cookie", "set-cookie"))
        self.assertIn("; Secure", said)
        self.assertIn("Strict-Transport-Security", said)
        link = self.place.ssh("carol", "web-login", key="carol").out.decode().split()[0]
        self.assertTrue(link.startswith("https://"))
        self.assertNotEqual(run(["curl", "-sS", "-k", "--tls-max", "1.1", home]).code, 0)
        self.assertNotEqual(run(["curl", "-sS", home.replace("https", "http")]).code, 0)

    def test_in_clear_it_is_not_served_to_others(self) -> None:
        """The node says what to set instead, and does not start."""
        gateway = self.place.gateway
        gateway.stop()
        text = gateway.config.read_text()
        open_to_all = text.replace(f"tcp:{gateway.web}:interface=127.0.0.1", f"tcp:{gateway.web}")
        gateway.config.write_text(re.sub(r"(cert|key) = .*\n", "", open_to_all))
        with self.assertRaisesRegex(AssertionError, "no TLS"):
            gateway.start()
