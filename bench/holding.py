"""An engine that never finishes: it passes everything on but the creation of containers, which it holds."""

import selectors
import socket
import threading


class HoldingEngine:
    """A Unix socket in front of the engine's. What is held is never answered, so that sign-ups can be accepted without
    a start that takes the machine's cores: to accept is measured, not to provision."""

    def __init__(self, path, engine_path):
        self.path, self.engine_path = str(path), engine_path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        chosen = selectors.DefaultSelector()
        chosen.register(self.listener, selectors.EVENT_READ)
        while True:
            for key, _ in chosen.select():
                if key.fileobj is self.listener:
                    try:
                        client = self.listener.accept()[0]
                    except OSError:
                        return
                    engine = socket.socket(socket.AF_UNIX)
                    engine.connect(self.engine_path)
                    chosen.register(client, selectors.EVENT_READ, (engine, True))
                    chosen.register(engine, selectors.EVENT_READ, (client, False))
                else:
                    self.pass_on(chosen, key)

    @staticmethod
    def pass_on(chosen, key):
        source, (target, asks) = key.fileobj, key.data
        try:
            data = source.recv(65536)
            if data and asks and data.startswith(b"POST /") and b"/containers/create" in data.split(b"\r\n", 1)[0]:
                chosen.unregister(source)  # nothing more is read of it, and it stays open
                return
            if data:
                target.sendall(data)
                return
        except OSError:
            pass
        for side in (source, target):
            if side in chosen.get_map():
                chosen.unregister(side)
            side.close()

    def close(self):
        # Wakes the accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.listener.close()
