"""A server on loopback that takes JSON by POST, for what a job tells others."""
import http.server
import json
import threading


class Receiver(http.server.ThreadingHTTPServer):
    """The first `refuse` requests get a 503, the others `takes`: path, headers and body of these are in `requests`.
    `tls`: a context of the ssl module. `port`: 0 takes one that is free."""
    daemon_threads = True

    def __init__(self, refuse: int, takes: int = 200, tls=None, port: int = 0):
        server = self
        self.requests, self.refused, self.lock = [], 0, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server.lock:
                    status = 503 if server.refused < refuse else takes
                    server.refused += status == 503
                    if status == takes:
                        server.requests.append((self.path, self.headers, json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        if tls is not None:
            # A handshake that fails is in the thread of its request.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_) -> None:
        """A client that does not trust the certificate goes."""

    def end(self) -> None:
        """Nobody answers there any more."""
        self.shutdown()
        self.server_close()

    def bodies(self) -> list:
        with self.lock:
            return [body for _, _, body in self.requests]
