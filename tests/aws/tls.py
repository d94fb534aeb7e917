"""TLS before something that speaks plain HTTP: with a certificate of an authority of its own, both made for the occasion."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading

RSA = ["rsa:2048"]
ECDSA = ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]
P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def certificate(folder, key=RSA, digest="sha256"):
    """Makes `ca.pem`, and `cert.pem` and `key.pem` for 127.0.0.1 that it vouches for, in the folder."""
    folder = pathlib.Path(folder)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
            ["req", "-x509", "-newkey", *key, "-nodes", "-subj", "/CN=an authority", "-days", "1", f"-{digest}", "-keyout", "ca.key",
             "-out", "ca.pem"],
            ["req", "-newkey", *key, "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", "request"],
            ["x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", f"-{digest}",
             "-extfile", "names", "-out", "cert.pem"]):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)


class TlsRelay:
    """Takes TLS off, and hands on to `address` ("HOST:PORT"). `url` is where it listens, `ca_file` who vouches for it.
    With a P-256 key it agrees on nothing but that curve."""

    def __init__(self, address, folder, key=RSA, digest="sha256"):
        certificate(folder, key, digest)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem")
        if key is P256:
            self.context.set_ecdh_curve("prime256v1")
        self.ca_file = str(pathlib.Path(folder) / "ca.pem")
        host, port = address.split(":")
        self.to = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # the end
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):  # ssl.SSLError is one: who asks does not trust us
            with self.context.wrap_socket(connection, server_side=True) as outer, socket.create_connection(self.to) as inner:
                threading.Thread(target=self._hand_on, args=(inner, outer), daemon=True).start()
                self._hand_on(outer, inner)

    @staticmethod
    def _hand_on(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
