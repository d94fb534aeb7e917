"""Something between a program and an emulator that holds everything up when it is told to, and counts what passes."""

import http.server
import threading
import urllib.parse

import relay


class Stuck:
    def __init__(self, upstream):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.free = threading.Event()
        self.free.set()
        self.seen = []  # of each request: X-Amz-Target, or "POST /path"
        self.hold_at = None  # the request (counted from 1) from which on nothing passes
        self.hold_answer = False  # that request does pass; its answer does not
        self.held = threading.Event()
        self.lock = threading.Lock()

    def hold(self):
        self.free.clear()
        self.held.set()

    def hold_unless_let_go(self):
        """A request that came before let_go() and gets here after it must not close what was opened."""
        with self.lock:
            if self.hold_at is not None:
                self.hold()

    def let_go(self):
        with self.lock:
            self.hold_at = None
            self.free.set()

    def __enter__(self):
        stuck = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stuck.seen.append(self.headers.get("X-Amz-Target") or "POST " + self.path)
                last = stuck.hold_at is not None and len(stuck.seen) >= stuck.hold_at
                if last and not stuck.hold_answer:
                    stuck.hold_unless_let_go()
                stuck.free.wait()
                answer = relay.ask(stuck.upstream.netloc, self, body, timeout=30)
                if last and stuck.hold_answer:
                    stuck.hold_unless_let_go()
                    stuck.free.wait()
                try:
                    relay.answer(self, *answer)
                except OSError:
                    self.close_connection = True  # who asked is gone

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.let_go()
        self.server.shutdown()
        self.server.server_close()
