"""A real Chromium against the console, as a person uses it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import attrs
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.real.harness import until

WIDE, NARROW = (1280, 860), (390, 844)


@attrs.define(eq=False)
class Browser:
    """One Chromium without a window."""

    home: str
    scripts: bool = True
    folder: Path = attrs.field(factory=lambda: Path(tempfile.mkdtemp(prefix="ostiary-browser-")))
    driver: webdriver.Chrome = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        options = Options()
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--disable-extensions", "--disable-background-networking", "--no-first-run",
                     f"--user-data-dir={self.folder}"):  # fmt: skip
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium") or "chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.set_capability("acceptInsecureCerts", True)
        if not self.scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "chromedriver"))
        self.driver.set_page_load_timeout(20)
        self.size(*WIDE)
        self.dark(False)

    def close(self) -> None:
        """End it."""
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def size(self, width: int, height: int) -> None:
        """Be so many pixels wide and high, as a phone or a screen is."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 600)  # fmt: skip

    def dark(self, dark: bool = True) -> None:
        """Prefer dark or light, and stillness: what fades from one to the other has the contrast of neither."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", features=[scheme, still])

    def command(self, name: str, **values: Any) -> Any:
        """Speak to the browser itself."""
        return self.driver.execute_cdp_cmd(name, values)

    def open(self, path: str) -> str:
        """Open a page; return its title."""
        self.driver.get(path if "://" in path else f"{self.home}{path}")
        return self.driver.title

    def one(self, css: str) -> WebElement:
        """Wait for an element and return it."""
        what = f"{css} on {self.driver.current_url}"
        return until(lambda: self.driver.find_elements(By.CSS_SELECTOR, css)[:1], what)[0]

    def text(self, css: str = "main") -> str:
        """Return what an element says."""
        return self.one(css).text

    def fill(self, **fields: str) -> None:
        """Fill fields by their ids."""
        for name, value in fields.items():
            field = self.one(f"#{name}")
            field.clear()
            field.send_keys(value)

    def press(self, css: str) -> None:
        """Press a button and wait for the page it leads to."""
        before = self.one("html")
        self.one(css).click()
        until(lambda: self.one("html") != before, f"{css} leads somewhere")

    def shot(self, path: Path) -> None:
        """Keep a picture of the page."""
        path.write_bytes(self.driver.get_screenshot_as_png())

    def complaints(self) -> list[str]:
        """Return what the browser had to say against the pages since the last call (policy, scripts, loads)."""
        said = self.driver.get_log("browser")
        return [str(each["message"]) for each in said if each["level"] in ("SEVERE", "WARNING")]

    def checked(self, axe: str) -> list[str]:
        """Return what axe-core finds on the page."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [f"{each['id']}: {each['help']} · {each['nodes'][0]['html'][:160]}" for each in found]
