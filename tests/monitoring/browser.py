"""A page in headless Chromium, by its debugging protocol: what it loads, says and measures."""

import asyncio
import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the browser saw of a page.

    Attributes:
        requests: addresses that were asked for, the page itself left out.
        messages: what was written to the console or the log.
        width: of the page, pixels; more than the screen: it scrolls sideways.
        value: of the expression that was asked for.
    """

    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    width: int = 0
    value: Any = None


def look(page: Path, *, width: int, expression: str = "0") -> Seen:
    """Open a file on a screen of a width, open all that can be opened, and measure."""
    return asyncio.run(_look(page, width, expression))


async def _look(page: Path, width: int, expression: str) -> Seen:
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            return await _measured(process, page, width, expression)
        finally:
            process.terminate()
            await process.wait()


async def _measured(
    process: asyncio.subprocess.Process, page: Path, width: int, expression: str
) -> Seen:
    assert process.stderr is not None
    port = ""
    while not port:
        line = (await process.stderr.readline()).decode(errors="replace")
        if found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line):
            port = found[1]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            targets = await answer.json()
        address = next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page")
        async with session.ws_connect(address, max_msg_size=0) as socket:
            return await _Tab(socket).measure(page, width, expression)


class _Tab:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self._seen, self._loaded = Seen(), False

    async def measure(self, page: Path, width: int, expression: str) -> Seen:
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self._call(f"{domain}.enable")
        await self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        await self._call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._note(json.loads((await self._socket.receive()).data))
        await self._value("document.querySelectorAll('details').forEach(d => d.open = true)")
        self._seen.width = await self._value("document.documentElement.scrollWidth")
        self._seen.value = await self._value(expression)
        self._seen.requests.remove(page.as_uri())
        return self._seen

    async def _value(self, expression: str) -> Any:
        answer = await self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = json.loads((await self._socket.receive()).data)
            if message.get("id") == self._number:
                assert "result" in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        about = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self._seen.requests.append(about["request"]["url"])
            case "Log.entryAdded":
                self._seen.messages.append(about["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self._seen.messages.append(json.dumps(about))
            case "Page.loadEventFired":
                self._loaded = True
