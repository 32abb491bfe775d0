"""A real browser without a window, driven through its debugging pipe: no package is needed."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


class Browser:
    """One page. `complaints` has what it wrote to its console, and errors that nobody caught."""

    def __init__(self, folder: Path) -> None:
        self._receive, theirs = os.pipe()
        ours, self._send = os.pipe()
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{ours} 4>&{theirs}', "bash", *command],
            pass_fds=(ours, theirs),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours)
        os.close(theirs)
        self._unread, self._number = b"", 0
        self._session: str | None = None
        self.complaints: list[Any] = []
        self.requests: list[str] = []
        self._loaded = False
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, path: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        self._resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self._call("Emulation.setEmulatedMedia", features=[scheme, still])
        self._loaded = False
        self._call("Page.navigate", url=path.as_uri())
        while not self._loaded:
            self._note(self._read())
        self.settle()

    def open_report(
        self, path: Path, width: int = 1280, height: int = 900, dark: bool = False
    ) -> float:
        """Open a report; return the milliseconds until it was there and had nothing left to do."""
        self.open(path, width, height, dark)
        ready: float = self.run(
            "new Promise(done => { const look = () => "
            "'ready' in document.documentElement.dataset "
            "? requestIdleCallback(() => done(performance.now())) : setTimeout(look, 5); look(); })"
        )
        return ready

    def show_whole(self) -> int:
        """Make the window as high as the page, so that all of it is drawn; return the height."""
        width = self.run("innerWidth")
        for _ in range(2):  # figures that are drawn then may be higher than their places were
            height = self.run("document.documentElement.scrollHeight")
            self._resize(width, height)
            for _ in range(8):
                self.settle()
        whole: int = self.run("document.documentElement.scrollHeight")
        return whole

    def settle(self) -> None:
        """Let the page draw."""
        self.run("new Promise(d => requestAnimationFrame(() => setTimeout(d, 60)))")

    def run(self, expression: str) -> Any:
        found = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def screenshot(self, path: Path, height: int, top: int = 0, scale: float = 1) -> None:
        width = self.run("innerWidth")
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": scale}
        shot = self._call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _resize(self, width: int, height: int) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def close(self) -> None:
        try:
            os.close(self._send)
            os.close(self._receive)
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _read(self) -> Any:
        until = time.monotonic() + 30
        while b"\0" not in self._unread:
            assert time.monotonic() < until, "the browser does not answer"
            part = os.read(self._receive, 2**16)
            assert part, "the browser has ended"
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\0")
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        method, found = event.get("method"), event.get("params", {})
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(found)
        if method == "Network.requestWillBeSent":
            self.requests.append(found["request"]["url"])
        self._loaded |= method == "Page.loadEventFired"
