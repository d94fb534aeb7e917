"""A real SMTP server that writes each mail it receives into a directory: smtp_receiver.py PORT DIRECTORY."""

import asyncio
import pathlib
import sys

from aiosmtpd.smtp import SMTP


class Receiver:
    def __init__(self, directory):
        self.directory, self.count = directory, 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        temporary = self.directory / f"{self.count}.part"
        temporary.write_bytes(envelope.content)
        temporary.rename(self.directory / f"{self.count}.eml")
        return "250 OK"


async def main():
    receiver = Receiver(pathlib.Path(sys.argv[2]))
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(receiver, enable_SMTPUTF8=True), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
