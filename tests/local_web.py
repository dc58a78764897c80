"""A real HTTP server on the loopback interface, whose pages a test sets and whose requests it can read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """`pages[path]` is a body, (status, headers, body), or a function given the request handler."""

    server: ThreadingHTTPServer
    pages: dict[str, object] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]


def start() -> Web:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            web.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            page = web.pages.get(self.path, (404, {}, b"not here"))
            if callable(page):
                page = page(self)
                if page is None:
                    return
            status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
            body = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **headers}.items():
                if value:
                    self.send_header(name, value)
            if "Transfer-Encoding" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    web = Web(server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return web
