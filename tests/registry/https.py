#!/usr/bin/env python3
"""The client over TLS, with credentials: against a server of this program that answers one schema.

usage: https.py PROBE    77 if there is no openssl to make certificates with
"""
import base64
import http.server
import json
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PROBE = sys.argv[1]
if not shutil.which("openssl"):
    print("skipped: there is no openssl to make certificates with", file=sys.stderr)
    sys.exit(77)

SCHEMA = '{"type":"string"}'
asked = []


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked.append((self.path, self.headers.get("Authorization")))
        status, body, headers = 200, json.dumps({"schema": SCHEMA}), {}
        wanted = "Basic " + base64.b64encode(b"ann:s3:cret").decode()
        if self.headers.get("Authorization") not in (wanted, "Bearer sesame"):
            status, body = 401, json.dumps({"error_code": 401, "message": "Unauthorized"})
        elif self.path.endswith("/2"):
            status, body, headers = 302, "", {"Location": f"https://localhost:{self.server.server_port}/schemas/ids/1"}
        elif self.path.endswith("/3"):
            body = json.dumps({"schema": "x" * (5 << 20)})
        data = body.encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(data), "Content-Type": "application/json"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def ask(number, *settings):
    record = (b"\0" + number.to_bytes(4, "big") + b"x").hex()
    ended = subprocess.run([PROBE, f"https://localhost:{server.server_port}", *settings], input=f"read avro {record}\n",
                           capture_output=True, text=True, timeout=60)
    return json.loads(ended.stdout) if ended.stdout else {"failed": ended.stderr}


def check(what, found, expected):
    if expected not in json.dumps(found):
        sys.exit(f"{what}: {found!r} does not have {expected!r}")


with tempfile.TemporaryDirectory() as folder:
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.pem", cwd=folder)
    Path(folder, "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr",
            cwd=folder)
    openssl("x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "names", "-out", "server.pem", cwd=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(folder, "server.pem"), Path(folder, "server.key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ca, other = str(Path(folder, "ca.pem")), str(Path(folder, "other.pem"))

    check("user and password", ask(1, ca, "ann", "s3:cret").get("schema"), json.dumps(SCHEMA)[1:-1])
    check("token", ask(1, ca, "sesame").get("schema"), json.dumps(SCHEMA)[1:-1])
    check("wrong password", ask(1, ca, "ann", "wrong"), "401, the credentials are not accepted")
    check("no credentials", ask(1, ca), "401, the credentials are not accepted")
    before = len(asked)
    check("redirect", ask(2, ca, "ann", "s3:cret"), "a redirect to another address")
    if [path for path, _ in asked[before:]] != ["/schemas/ids/2"]:
        sys.exit(f"redirect: {asked[before:]}")
    check("a long answer", ask(3, ca, "ann", "s3:cret"), "the answer is longer than 4194304 bytes")
    # Whoever the server is, it does not get to see the password.
    before = len(asked)
    check("another authority", ask(1, other, "ann", "s3:cret"), "certificate")
    check("the machine's authorities", ask(1, "", "ann", "s3:cret"), "certificate")
    if len(asked) != before:
        sys.exit(f"an untrusted server was asked: {asked[before:]}")
    server.shutdown()
print("TLS, credentials and redirects")
