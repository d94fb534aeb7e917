"""Mail servers that fail: each call or connection meets the next of a list of faults, then all goes well."""

import http.server
import json
import re
import socketserver
import threading
import time


class Faults:
    def __init__(self, *faults):
        self.faults, self.lock = list(faults), threading.Lock()
        self.keys = []          # of each mail whose whole content has come, in order

    def next(self):
        with self.lock:
            return self.faults.pop(0) if self.faults else "none"

    def came(self, key):
        with self.lock:
            self.keys.append(key)


class Serving:
    """A server of these faults on a port of its own, for the time of a with statement."""

    def __init__(self, handler, *faults):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.faults = self.faults = Faults(*faults)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Resend(http.server.BaseHTTPRequestHandler):
    """Resend's API as far as it is used: the Idempotency-Key tells repeats."""

    def do_GET(self):
        self.answer(200, {"data": []})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.faults.next()
        if fault == "failing":
            return self.answer(500, {"name": "internal_server_error", "message": "upside down"})
        self.server.faults.came(self.headers["Idempotency-Key"])
        if fault == "slow":
            time.sleep(2.5)     # what a slow server is; nothing waits for it to be over
        self.answer(200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}, cut=fault == "cut off")

    def answer(self, status, body, cut=False):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Smtp(socketserver.StreamRequestHandler):
    """SMTP as far as it is used: the Message-ID tells repeats."""

    def handle(self):
        self.say("220 mail.example")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"QUIT":
                return self.say("221 bye")
            if word != b"DATA":
                self.say("250 mail.example")
            elif not self.take_mail(self.server.faults.next()):
                return None
        return None

    def take_mail(self, fault):
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if fault == "failing":
            self.say("451 upside down")
            return True
        [key] = re.findall(rb"^Message-ID: *(\S+)", b"".join(lines), re.MULTILINE | re.IGNORECASE)
        self.server.faults.came(key.decode())
        if fault == "slow":
            time.sleep(2.5)
        if fault == "cut off":
            self.wfile.write(b"25")     # half of an answer
            return False
        self.say("250 taken")
        return True

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")
