"""Lambda's runtime interface and AWS at once, for a function's first invocation: one event, then what AWS once answered to
each operation, in that order, from memory. Answering takes some tens of microseconds, for whoever asks."""

import json
import re
import socket
import threading
import time

EPOCH_MILLIS = re.compile(r"(?<!\d)1[6-9]\d{11}(?!\d)")


def moved(text, by):
    """The text with its times moved, as if it had been recorded just now."""
    return EPOCH_MILLIS.sub(lambda match: str(int(match.group()) + by), text)


class Replay:
    def __init__(self, recording):
        self.recording = recording
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.answered = threading.Event()
        self.starts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self, at_answer):
        """Before each start: `at_answer` is called when the first answer of a function has come, and waits for nothing."""
        self.starts += 1
        by = int(time.time() * 1000) - self.recording["recorded_at"]
        self.left = {}
        for call in self.recording["calls"]:
            body = moved(call["answer"], by).encode()
            head = (f"HTTP/1.1 {call['status']} X\r\nContent-Type: {call['type']}\r\nx-amzn-RequestId: replayed\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode()
            self.left.setdefault(call["operation"], []).append(head + body)
        event = json.dumps(self.recording["event"]).encode()
        deadline = int((time.time() + 60) * 1000)
        self.event = (f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: cold\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n"
                      f"Content-Type: application/json\r\nContent-Length: {len(event)}\r\n\r\n").encode() + event
        self.at_answer, self.asked, self.unknown, self.posted = at_answer, [], [], None
        self.answered.clear()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection, self.starts), daemon=True).start()

    def _serve(self, connection, start):
        data = b""
        try:
            while True:
                while (end := data.find(b"\r\n\r\n")) < 0:
                    if not (piece := connection.recv(65536)):
                        return
                    data += piece
                head, data = data[:end].decode("latin-1"), data[end + 4:]
                length = re.search(r"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
                while length and len(data) < int(length.group(1)):
                    data += connection.recv(65536)
                size = int(length.group(1)) if length else 0
                body, data = data[:size], data[size:]
                if start != self.starts:
                    return  # who asked is dead: what it asked last must not take the next one's event
                answer = self._answer(head, body)
                if answer is None:
                    return  # a second event, which there is not: who asks is ended soon
                connection.sendall(answer)
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, head, body):
        if head.startswith("GET "):
            if self.event is None:
                self.answered.wait()
                return None
            event, self.event = self.event, None
            return event
        if "/runtime/" in head.partition("\r\n")[0]:
            self.at_answer()
            self.posted = (head.partition(" HTTP")[0], body)
            self.answered.set()
            return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
        target = re.search(r"\r\nx-amz-target: *[^.\r]+\.(\w+)", head, re.IGNORECASE)
        operation = target.group(1) if target else "?"
        self.asked.append(operation)
        answers = self.left.get(operation)
        if not answers:
            self.unknown.append(operation)
            text = b'{"__type":"UnknownOperationException","message":"nothing is recorded for it"}'
            return b"HTTP/1.1 400 X\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        return answers.pop(0)
