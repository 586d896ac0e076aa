#!/usr/bin/env python3
"""A small HTTP front for LiteLLM that answers telemetry itself and passes everything else on.

Environment:
  PORT              port to listen on (11899)
  HOST              address to listen on (127.0.0.1; there is no login, so think before opening it)
  LITELLM_URL       where LiteLLM is (http://127.0.0.1:8000); a path in it is put before each request's path
  UPSTREAM_TIMEOUT  seconds to wait for LiteLLM (120)

POST /api/event_logging/batch gets an empty 200. Every other request goes to LiteLLM, whose answer is
passed on as it arrives. Each connection is closed after one request. Standard library only.
"""

import http.client
import http.server
import os
import sys
import urllib.parse

TELEMETRY_PATH = "/api/event_logging/batch"
PIECE = 4096
# Headers that speak of one connection, not of the message (RFC 9110, section 7.6.1).
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class BadRequest(Exception):
    """The client's message cannot be read."""


class Upstream:
    """Where LiteLLM is."""

    def __init__(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"LITELLM_URL: expected an http(s) URL, found {url!r}")
        self.secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")
        self.authority = parts.netloc.rpartition("@")[2]
        self.timeout = timeout

    def connect(self):
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=self.timeout)


def end_to_end(headers):
    """The headers that may travel on: neither hop-by-hop nor named in Connection."""
    named = {
        token.strip().lower()
        for value in headers.get_all("Connection", [])
        for token in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in HOP_BY_HOP | named
    ]


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: Upstream

    def handle_request(self):
        self.close_connection = True
        self.answer_begun = False
        try:
            body = self.read_body()
        except BadRequest as error:
            self.fail(400, str(error))
            return
        if self.command == "POST" and urllib.parse.urlsplit(self.path).path == TELEMETRY_PATH:
            self.begin(200, "OK", [("Content-Length", "0")])
            return
        self.pass_on(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def read_body(self):
        """The request's body, or None when there is none."""
        coding = self.headers.get("Transfer-Encoding", "").strip().lower()
        if coding:
            if coding != "chunked":
                raise BadRequest(f"unknown transfer coding {coding!r}")
            return b"".join(self.read_chunks())
        length = self.headers.get("Content-Length")
        if length is None:
            return None
        if not length.isdigit():
            raise BadRequest("bad Content-Length")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise BadRequest("the body is shorter than announced")
        return body

    def read_chunks(self):
        while True:
            size_text = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise BadRequest("bad chunk size") from None
            if size == 0:
                while self.rfile.readline(65536).strip():
                    pass
                return
            chunk = self.rfile.read(size)
            if len(chunk) < size or self.rfile.readline(3).strip():
                raise BadRequest("bad chunk")
            yield chunk

    def pass_on(self, body):
        connection = self.upstream.connect()
        try:
            self.send_upstream(connection, body)
            self.send_back(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            self.log_error("upstream: %s", error)
            self.fail(500, f"upstream: {error}")
        finally:
            connection.close()

    def send_upstream(self, connection, body):
        connection.putrequest(
            self.command, self.upstream.prefix + self.path, skip_host=True, skip_accept_encoding=True
        )
        connection.putheader("Host", self.upstream.authority)
        for name, value in end_to_end(self.headers):
            # The body has been read whole, so an own length replaces the client's; nobody waits for a 100 any more.
            if name.lower() not in ("host", "content-length", "expect"):
                connection.putheader(name, value)
        connection.putheader("Connection", "close")
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)

    def send_back(self, response):
        self.begin(response.status, response.reason, end_to_end(response.headers))
        # read1 gives what is there, so that a stream's events are not held back.
        while piece := response.read1(PIECE):
            self.wfile.write(piece)
            self.wfile.flush()

    def begin(self, status, reason, headers):
        self.answer_begun = True
        self.send_response_only(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.log_request(status)

    def fail(self, status, text):
        """An error answer, unless one has begun: text in the middle of it would be taken for content."""
        if self.answer_begun:
            return
        body = (text + "\n").encode()
        try:
            self.begin(
                status,
                http.client.responses[status],
                [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
            )
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            # The client has gone.
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def main():
    try:
        port = int(os.environ.get("PORT", "11899"))
        timeout = float(os.environ.get("UPSTREAM_TIMEOUT", "120"))
        Front.upstream = Upstream(os.environ.get("LITELLM_URL", "http://127.0.0.1:8000"), timeout)
    except ValueError as error:
        sys.exit(f"proxy.py: {error}")
    host = os.environ.get("HOST", "127.0.0.1")
    with Server((host, port), Front) as server:
        print(f"proxy.py: listening on {host}:{server.server_address[1]}", file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
