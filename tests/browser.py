"""A real browser: Chromium, told what to do by its DevTools protocol over a pair of pipes.

No driver and no package is needed: any Chromium or Chrome of the machine does.
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT = 30  # seconds, for anything
KEYS = {"Enter": 13, "Tab": 9, " ": 32, "ArrowDown": 40}


def binary():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A browser with one page; what goes wrong on it is in `problems`."""

    def __init__(self, path):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        (mine, of_browser), (from_browser, to_me) = os.pipe(), os.pipe()
        # The protocol wants 3 and 4 for what it reads and writes. Not close_fds: they are to stay.
        script = f'exec "$@" 3<&{mine} 4>&{to_me}'
        options = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={self.profile}",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", path, *options, "about:blank"],
            pass_fds=(mine, to_me), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(mine)
        os.close(to_me)
        self.to, self.source, self.received = of_browser, from_browser, b""
        self.numbers, self.session, self.problems = itertools.count(1), None, []
        [page] = [t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        attached = self("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")
        self("Emulation.setFocusEmulationEnabled", enabled=True)

    def __call__(self, method, **parameters):
        """What a method of the protocol returns."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def _next(self):
        while b"\0" not in self.received:
            ready, _, _ = select.select([self.source], [], [], WAIT)
            assert ready, "the browser does not answer"
            part = os.read(self.source, 1 << 20)
            assert part, "the browser is gone"
            self.received += part
        one, _, self.received = self.received.partition(b"\0")
        message = json.loads(one)
        self._notice(message.get("method", ""), message.get("params", {}))
        return message

    def _notice(self, event, told):
        if event == "Runtime.exceptionThrown":
            self.problems.append(told["exceptionDetails"])
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.problems.append(told["args"])
        elif event == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.problems.append(told["entry"])

    def open(self, url, width=1000, height=800, dark=False):
        """Shows a page, on a screen of this size."""
        mobile = width < 600
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
             mobile=mobile)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self("Emulation.setEmulatedMedia", features=[scheme])
        self("Page.navigate", url=url)
        # The document before has another address.
        self.until(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def evaluate(self, expression):
        """The value of JavaScript."""
        result = self("Runtime.evaluate", expression=expression, returnByValue=True,
                      awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, expression):
        """Waits for JavaScript to be true, and returns what it is."""
        deadline = time.monotonic() + WAIT
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"never: {expression}"
            time.sleep(0.02)
        return value

    def type(self, text):
        """Types text where the focus is."""
        self("Input.insertText", text=text)

    def press(self, key, **modifiers):
        """Presses a key; `modifiers=2` is with Ctrl, 8 with Shift."""
        code = KEYS[key]
        text = {"Enter": "\r", " ": " "}.get(key, "") if not modifiers else ""
        shared = {"key": key, "windowsVirtualKeyCode": code, **modifiers}
        self("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self("Input.dispatchKeyEvent", type="keyUp", **shared)

    def screenshot(self, path, whole=False):
        """Writes a PNG of what is shown, or of the whole page."""
        data = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def close(self):
        try:
            self.session = None
            self("Browser.close")
        except (AssertionError, OSError):
            pass
        try:
            self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.source)
        shutil.rmtree(self.profile, ignore_errors=True)
