"""A proxy that stands before an emulator of AWS, between it and the program under test.

It records every request, checks it with AWS's own model (a request that AWS would refuse is refused here, in words, and
noted in `violations`), plays faults, and hands what the emulator leaves out to handlers (ecs_gaps.EcsGaps), whose
answers are checked with the model too. Everything else goes to the emulator as it came.

    python3 -m model_proxy --upstream http://127.0.0.1:4566 --port 4567     # by hand; PYTHONPATH=tests/aws
"""
import argparse
import collections
import http.client
import http.server
import json
import re
import threading
import time
import urllib.parse

import models

Call = collections.namedtuple("Call", "service operation input status")


class Refusal(Exception):
    """What a handler raises to have a service's error answered."""

    def __init__(self, code, message, status=400, **more):
        super().__init__(message)
        self.code, self.message, self.status, self.more = code, message, status, more


class Fault:
    """`kind`: throttle, error (500), unavailable (503), expired (credentials), torn (half an answer, then cut off), cut
    (cut off unasked), lost (done, then cut off), slow (`seconds` first)."""

    def __init__(self, kind, operation=None, service=None, times=1, seconds=0.0):
        self.kind, self.operation, self.service = kind, operation, service
        self.times, self.seconds = times, seconds

    def fits(self, service, operation):
        return self.times > 0 and self.operation in (None, operation) and self.service in (None, service)


class ModelProxy:
    """Listens on a free port of loopback (or `port`) from start() to stop(). Thread-safe."""

    def __init__(self, upstream, port=0):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.calls, self.violations, self.handlers = [], [], {}
        self._faults, self._lock = [], threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def fault(self, kind, **which):
        """The next `times` fitting calls misbehave."""
        with self._lock:
            self._faults.append(Fault(kind, **which))

    def clear_faults(self):
        with self._lock:
            self._faults.clear()

    def on(self, service, operation, handler):
        """`handler(input)` answers in the emulator's place: a dict, or a str of XML for a form; None: the emulator's."""
        self.handlers[service, operation] = handler

    def count(self, operation):
        with self._lock:
            return sum(call.operation == operation for call in self.calls)

    def counts(self):
        with self._lock:
            return collections.Counter(f"{call.service}.{call.operation}" for call in self.calls)

    def inputs(self, operation):
        with self._lock:
            return [call.input for call in self.calls if call.operation == operation]

    # --- for handlers -----------------------------------------------------------------------------------------------

    def ask_upstream(self, service, operation, value):
        """A JSON call of our own to the emulator. Raises Refusal for its refusals."""
        model = models.service(service)
        headers = {"Content-Type": f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.1')}",
                   "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{self.region}/{service}/aws4_request, "
                                    "SignedHeaders=host, Signature=0"}
        status, _, body = self._forward("POST", "/", headers, json.dumps(value).encode())
        answer = json.loads(body or b"{}")
        if status >= 400:
            code = answer.get("__type", "").rpartition("#")[2]
            raise Refusal(code, answer.get("message") or answer.get("Message") or body.decode(), status)
        return answer

    region = "eu-central-1"

    # --- one exchange ------------------------------------------------------------------------------------------------

    def _forward(self, method, path, headers, body):
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in
                    ("connection", "transfer-encoding", "content-length", "keep-alive", "date", "server")}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    @staticmethod
    def _identify(headers, body):
        """(service, operation, input, is it a form)"""
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request", headers.get("Authorization", ""))
        service = models.SIGNED_AS.get(scope.group(1)) if scope else None
        target = headers.get("X-Amz-Target", "")
        if target:
            return service, target.rpartition(".")[2], json.loads(body or b"{}"), False
        if "x-www-form-urlencoded" in headers.get("Content-Type", ""):
            form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            return service, form.get("Action", ""), form, True
        return None, "", None, False

    def _take_fault(self, service, operation):
        with self._lock:
            for fault in self._faults:
                if fault.fits(service, operation):
                    fault.times -= 1
                    return fault
        return None

    def _answer(self, method, path, headers, body):
        """(status, headers, body, how to misbehave)"""
        service, operation, value, form = self._identify(headers, body)
        fault = self._take_fault(service, operation) if operation else None
        status, answer_headers, text = 0, {}, b""
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)  # slow on purpose
        refusals = {"throttle": ("ThrottlingException", "Rate exceeded", 400),
                    "error": ("ServerException", "internal error", 500),
                    "unavailable": ("ServiceUnavailable", "try again", 503),
                    "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400)}
        try:
            if fault and fault.kind in refusals:
                code, message, number = refusals[fault.kind]
                raise Refusal(code, message, number)
            if fault and fault.kind == "cut":
                return 0, {}, b"", "cut"
            if service:
                check = models.problems_of_form if form else models.problems_of_request
                found = check(service, operation, value)
                if found:
                    with self._lock:
                        self.violations += found
                    raise Refusal("ValidationException", "model_proxy: " + "; ".join(found))
            answer = self.handlers.get((service, operation), lambda value: None)(value)
            if answer is None:
                status, answer_headers, text = self._forward(method, path, headers, body)
            elif isinstance(answer, str):
                status, answer_headers, text = 200, {"Content-Type": "text/xml"}, answer.encode()
            else:
                found = models.problems_of_answer(service, operation, answer)
                if found:
                    with self._lock:
                        self.violations += found
                status, answer_headers = 200, {"Content-Type": "application/x-amz-json-1.1"}
                text = json.dumps(answer).encode()
        except Refusal as refusal:
            status, answer_headers = refusal.status, {"Content-Type": "application/x-amz-json-1.1"}
            text = json.dumps({"__type": refusal.code, "message": refusal.message, **refusal.more}).encode()
            if form:
                answer_headers = {"Content-Type": "text/xml"}
                text = (f"<Response><Errors><Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message>"
                        "</Error></Errors></Response>").encode()
        with self._lock:
            self.calls.append(Call(service, operation or f"{method} {path}", value, status))
        return status, answer_headers, text, fault.kind if fault else ""

    def _handler(proxy):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "content-length")}
                status, answer_headers, text, misbehaviour = proxy._answer(self.command, self.path, headers, body)
                if misbehaviour in ("cut", "lost"):
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in answer_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if misbehaviour == "torn":
                    text, self.close_connection = text[:len(text) // 2], True
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = serve

        return Handler


def main():
    import ecs_gaps
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--upstream", required=True)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--address", default="127.0.0.1", help="the public address of the cluster's one machine")
    chosen = arguments.parse_args()
    proxy = ModelProxy(chosen.upstream, chosen.port)
    ecs_gaps.EcsGaps(proxy, address=chosen.address)
    with proxy:
        print(proxy.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
