"""A real SMTP server (python3-aiosmtpd) for the mailer's contract tests.

Stores each mail it takes as DIR/NNNN.eml, with the envelope in X-Mail-From and X-Rcpt-To in front, before it answers.
Says "PORT n" on standard output once it listens on 127.0.0.1, and ends when its standard input does, so that it never
outlives the test. Some recipients are refused: what stands before the @ is the reply, as in 550@example.com.
"""

import argparse
import asyncio
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

warnings.filterwarnings("ignore")  # aiosmtpd warns of its own future
logging.disable()  # of what the tests provoke

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("--dir", required=True)
options.add_argument("--cert", help="PEM, with --key: offer STARTTLS and insist on it")
options.add_argument("--key")
options.add_argument("--tls", action="store_true", help="TLS from the first byte instead")
options.add_argument("--login", help="USER:PASSWORD, insisted on")
options = options.parse_args()


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        name = address.split("@")[0]
        if name.isdigit():
            return f"{name} the test wants it so"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name.startswith("data-"):
            return f"{name[5:]} the test wants it so"
        Handler.count += 1
        path = os.path.join(options.dir, f"{Handler.count:04}.eml")
        with open(path + ".part", "wb") as file:
            file.write(f"X-Mail-From: {envelope.mail_from}\r\nX-Rcpt-To: {','.join(envelope.rcpt_tos)}\r\n".encode())
            file.write(envelope.original_content)
        os.rename(path + ".part", path)
        if name == "silence":
            await asyncio.Event().wait()  # for ever
        if name == "tear":
            server.transport.abort()
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    given = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=given == options.login, handled=False)


async def main():
    context = None
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
    loop = asyncio.get_running_loop()
    starttls = context if not options.tls else None

    def protocol():
        return SMTP(
            Handler(),
            hostname="test.example",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=authenticate if options.login else None,
            auth_required=bool(options.login),
            auth_require_tls=starttls is not None,
            loop=loop,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if options.tls else None)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    os._exit(0)  # also out of a reply that was to stay unsaid


asyncio.run(main())
