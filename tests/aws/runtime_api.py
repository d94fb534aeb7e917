"""Lambda's interface for custom runtimes, and a bootstrap that it starts: one event at a time, as in a sandbox."""

import http.server
import json
import queue
import subprocess
import threading
import time


class Sandbox:
    """Starts `bootstrap` when it is entered, hands it the events of `invoke`, and ends it when it is left."""

    def __init__(self, bootstrap, environment, log_path):
        self.bootstrap, self.environment, self.log_path = bootstrap, dict(environment), log_path
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.count, self.generation = 0, 0

    def __enter__(self):
        sandbox = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                generation = sandbox.generation
                event = sandbox.events.get()
                if generation != sandbox.generation:  # who asked is dead; the event is another's
                    sandbox.events.put(event)
                    return None
                if event is None:
                    return self.reply(500, b"")
                number, body, deadline = event
                self.reply(200, body, {"Lambda-Runtime-Aws-Request-Id": number, "Lambda-Runtime-Deadline-Ms": str(deadline),
                                       "Lambda-Runtime-Trace-Id": "Root=1-0-0"})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                number, kind = self.path.rsplit("/", 2)[-2:]
                sandbox.answers.put((number, "init_error" if number == "init" else kind, json.loads(body)))
                self.reply(202, b"{}")

            def reply(self, status, body, headers=None):
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # who asked is dead

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.start()
        return self

    def start(self):
        environment = {**self.environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}"}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.bootstrap], env=environment, stdout=log, stderr=log)

    def invoke(self, event, seconds=60, wait=60):
        """What the function answered ("response" or "error", and what), or None where it was not in time: then it is
        killed, as Lambda does, and started anew."""
        self.count += 1
        wanted = f"request-{self.count}"
        ends = time.monotonic() + min(seconds, wait)
        self.events.put((wanted, json.dumps(event).encode(), int((time.time() + seconds) * 1000)))
        while True:
            try:
                number, kind, answer = self.answers.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                self.kill()
                self.start()
                return None
            if number in (wanted, "init"):
                return kind, answer

    def cut_off(self, event, when, seconds=30):
        """Hands it an event and, once `when` is set, kills it as Lambda does at the deadline, and starts it anew. What it
        answered, where it answered before."""
        self.count += 1
        wanted = f"request-{self.count}"
        ends = time.monotonic() + seconds
        self.events.put((wanted, json.dumps(event).encode(), int((time.time() + seconds) * 1000)))
        while time.monotonic() < ends:
            if when.wait(0.02):
                self.kill()
                self.start()
                return None
            try:
                number, kind, answer = self.answers.get_nowait()
            except queue.Empty:
                continue
            if number in (wanted, "init"):
                return kind, answer
        raise AssertionError("it neither answered nor came to where it is to be killed")

    def first_answer(self):
        return self.answers.get(timeout=60)[1:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.generation += 1
        while not self.events.empty():
            self.events.get()

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def __exit__(self, *_):
        self.events.put(None)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.server.shutdown()
        self.server.server_close()
