"""A request handed on to another server, and its answer handed back: what everything that stands before an emulator does."""

import http.client

HOP = ("content-length", "transfer-encoding", "connection")


def ask(address, handler, body, host=None, timeout=120):
    """(status, headers, content) of what `address` ("HOST:PORT") answers to the handler's request, under the name `host`."""
    headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOP}
    if host:
        headers["Host"] = host
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def answer(handler, status, headers, content):
    """Hands it back. An answer to HEAD has a length and no content."""
    handler.send_response(status)
    length = len(content)
    for name, value in headers:
        if name.lower() == "content-length" and handler.command == "HEAD":
            length = value
        if name.lower() not in (*HOP, "server", "date"):
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(content)
