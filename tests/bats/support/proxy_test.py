#!/usr/bin/env python3
"""What the front for LiteLLM does, with a stand-in behind it. Usage: proxy_test.py PROXY_PY"""

import gzip
import http.client
import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

PROXY = sys.argv.pop(1) if len(sys.argv) > 1 else None


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list = []
    release = threading.Event()

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        name = self.path.rpartition("/")[2].partition("?")[0]
        getattr(self, f"do_{name}", self.plain)()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

    def plain(self):
        body = b"hello"
        self.send_response(203)
        self.send_header("X-Mine", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_gzip(self):
        body = gzip.compress(b"packed")
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_stream(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.wfile.flush()
        self.release.wait(10)
        self.wfile.write(b"4\r\nlast\r\n0\r\n\r\n")

    def do_broken(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


class ProxyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        cls.backend.daemon_threads = True
        threading.Thread(target=cls.backend.serve_forever, daemon=True).start()
        cls.process, cls.port = cls.start(f"http://127.0.0.1:{cls.backend.server_address[1]}/pre/")

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait()
        cls.process.stderr.close()
        cls.backend.shutdown()
        cls.backend.server_close()

    @staticmethod
    def start(url):
        environment = {**os.environ, "PORT": "0", "LITELLM_URL": url, "UPSTREAM_TIMEOUT": "5"}
        process = subprocess.Popen([sys.executable, PROXY], env=environment, stderr=subprocess.PIPE, text=True)
        line = process.stderr.readline()
        threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
        return process, int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])

    def setUp(self):
        Backend.seen.clear()
        Backend.release.clear()

    def ask(self, method, path, **options):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path, **options)
        return connection.getresponse()

    def test_listens_on_loopback_only(self):
        address = socket.gethostbyname(socket.gethostname())
        if address.startswith("127."):
            self.skipTest("no other address")
        with self.assertRaises(OSError):
            socket.create_connection((address, self.port), timeout=1)

    def test_telemetry_is_answered_here(self):
        for path in ("/api/event_logging/batch", "/api/event_logging/batch?x=1"):
            answer = self.ask("POST", path, body=b"{}")
            self.assertEqual((answer.status, answer.read()), (200, b""))
        self.assertEqual(Backend.seen, [])

    def test_every_method_with_prefix_and_query(self):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            answer = self.ask(method, "/v1/x?a=b", body=b"body" if method == "POST" else None)
            self.assertEqual((answer.status, answer.headers["X-Mine"]), (203, "yes"))
            self.assertEqual(answer.read(), b"" if method == "HEAD" else b"hello")
            self.assertEqual(Backend.seen[-1][:2], (method, "/pre/v1/x?a=b"))

    def test_headers(self):
        self.ask("POST", "/x", body=b"abc", headers={"Connection": "X-Drop", "X-Drop": "1", "X-Keep": "2", "TE": "trailers", "Expect": "100-continue"}).read()
        headers, body = Backend.seen[-1][2:]
        self.assertEqual(body, b"abc")
        self.assertEqual(headers["Host"], f"127.0.0.1:{self.backend.server_address[1]}")
        self.assertEqual(headers["X-Keep"], "2")
        for name in ("X-Drop", "TE", "Expect", "Accept-Encoding-2"):
            self.assertNotIn(name, headers)

    def test_compressed_answers_keep_their_label(self):
        answer = self.ask("GET", "/gzip", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(answer.read()), b"packed")

    def test_chunked_request_bodies(self):
        self.ask("POST", "/x", body=iter([b"one ", b"two"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}).read()
        self.assertEqual(Backend.seen[-1][3], b"one two")

    def test_a_stream_is_passed_on_at_once_and_does_not_block_others(self):
        answer = self.ask("GET", "/stream")
        self.assertEqual(answer.read1(100), b"first")
        started = time.monotonic()
        self.assertEqual(self.ask("GET", "/x").read(), b"hello")
        self.assertLess(time.monotonic() - started, 2)
        Backend.release.set()
        self.assertEqual(answer.read(), b"last")

    def test_an_answer_that_breaks_off_is_cut_not_commented(self):
        answer = self.ask("GET", "/broken")
        with self.assertRaises(http.client.IncompleteRead) as caught:
            answer.read()
        self.assertEqual(caught.exception.partial, b"half")

    def test_nobody_behind(self):
        process, port = self.start("http://127.0.0.1:1")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/x")
        self.assertEqual(connection.getresponse().status, 500)

    def test_bad_requests_and_settings(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as raw:
            raw.sendall(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: -4\r\n\r\n")
            self.assertIn(b" 400 ", raw.recv(1000))
        environment = {**os.environ, "LITELLM_URL": "ftp://x"}
        done = subprocess.run([sys.executable, PROXY], env=environment, capture_output=True, timeout=10)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"LITELLM_URL", done.stderr)


if __name__ == "__main__":
    unittest.main()
