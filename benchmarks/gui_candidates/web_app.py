"""The window as a local page in Chromium, the engine that Electron embeds: ``web_app.py BROWSER``.

A Python server stands for the application's side, since RAVE's engine needs one in any case.
"""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PAGE = Path(__file__).with_name("page.html")


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page and takes its reports."""

    def do_GET(self) -> None:
        """The page, whatever is asked for."""
        body = PAGE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """``/painted`` at the first frame, ``/refresh`` with the times of all redraws."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/painted":
            print(json.dumps({"painted": time.time()}), flush=True)
        else:
            print(json.dumps({"refresh_ms": json.loads(body)}), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main() -> None:
    """Serve the page, open it, wait for the end of the standard input, close the browser."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [
                sys.argv[1],
                f"--user-data-dir={profile}",
                f"--app=http://127.0.0.1:{server.server_address[1]}/",
                "--window-size=1000,700",
                "--no-first-run",
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        sys.stdin.read()
        browser.terminate()
        browser.wait(20)


if __name__ == "__main__":
    main()
