#!/usr/bin/env python3
"""A stand-in file server for the download tests.

server.py ROOT PORT_FILE LOG_FILE [CERTIFICATE] serves the files below ROOT on a free port of 127.0.0.1, writes the port to PORT_FILE
and a line `METHOD PATH` per request to LOG_FILE. Markers in a path ask for trouble:
  truncated  half the bytes that were announced      slow   one byte, then nothing
  flaky      503 on the first request, then the file  empty  200 and no bytes
A path /to/URL leads to URL. With CERTIFICATE, a file that holds the key too, it speaks https.
"""

import http.server
import pathlib
import ssl
import sys
import time


class Handler(http.server.SimpleHTTPRequestHandler):
    seen: set[str] = set()
    log_file: pathlib.Path

    def log_message(self, *_):
        """Keeps errors off stderr."""

    def log_request(self, *_):
        with self.log_file.open("a") as log:
            log.write(f"{self.command} {self.path}\n")

    def do_GET(self):
        if "flaky" in self.path and self.path not in self.seen:
            self.seen.add(self.path)
            self.send_error(503)
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.send_header("Content-Length", "0")
            # Without it wget may ask again on this connection in the moment before the server closes it.
            self.send_header("Connection", "close")
            self.end_headers()
        elif "empty" in self.path:
            self.announce(0)
        elif "truncated" in self.path:
            self.announce(1000)
            self.wfile.write(b"x" * 500)
            self.wfile.flush()
        elif "slow" in self.path:
            self.announce(1000)
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(20)
        else:
            super().do_GET()

    def announce(self, size):
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()


def main():
    root, port_file, log_file, *certificate = sys.argv[1:]
    Handler.log_file = pathlib.Path(log_file)

    def handler(*args):
        return Handler(*args, directory=root)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        ready = pathlib.Path(port_file + ".new")
        ready.write_text(str(server.server_address[1]))
        ready.rename(port_file)
        server.serve_forever()


main()
