"""A bucket on loopback for tests: objects with conditional writes, lists in pages, removal; each request must be signed
by signature version 4, which is computed here anew from what has arrived.

    server = S3Server("access", "secret"); server.address; server.objects; server.stop()
"""
import hashlib
import hmac
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = 3


def signature(secret: str, method: str, target: str, headers: dict, names: list, body: bytes, scope: list) -> str:
    path, _, query = target.partition("?")
    pairs = sorted(tuple((part.partition("=")[::2])) for part in query.split("&") if part)
    canonical = "\n".join([
        method,
        urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"),
        "&".join(f"{urllib.parse.quote(urllib.parse.unquote(k), safe='-_.~')}={urllib.parse.quote(urllib.parse.unquote(v), safe='-_.~')}"
                 for k, v in pairs),
        "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names),
        ";".join(names),
        hashlib.sha256(body).hexdigest(),
    ])
    text = "\n".join(["AWS4-HMAC-SHA256", headers.get("x-amz-date", ""), "/".join(scope),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status: int, body: bytes = b"", **headers) -> None:
        self.send_response_only(status)
        self.send_header("Date", formatdate(usegmt=True))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def error(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())

    def handle_one(self) -> None:
        server = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if server.fail_next > 0:
            server.fail_next -= 1
            return self.error(503, "SlowDown")
        given = dict(part.strip().split("=", 1) for part in
                     self.headers.get("Authorization", "AWS4-HMAC-SHA256 =").partition(" ")[2].split(","))
        credential = given.get("Credential", "").split("/")
        names = given.get("SignedHeaders", "").split(";")
        headers = {name.lower(): value for name, value in self.headers.items()}
        right = signature(server.secret, self.command, self.path, headers, names, body, credential[1:])
        # What decides a write has to be signed with it.
        needed = {name for name in headers if name in ("host", "if-match", "if-none-match") or name.startswith("x-amz-")}
        if credential[0] != server.access or given.get("Signature") != right or not needed <= set(names):
            return self.error(403, "SignatureDoesNotMatch")
        if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return self.error(400, "XAmzContentSHA256Mismatch")
        path, _, query = self.path.partition("?")
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        if bucket != server.bucket:
            return self.error(404, "NoSuchBucket")
        with server.lock:
            server.requests.append((self.command, key or query))
            if self.command == "GET" and not key:
                return self.list(server, dict(urllib.parse.parse_qsl(query)))
            there = server.objects.get(key)
            if self.command == "DELETE":
                server.objects.pop(key, None)
                return self.answer(204)
            if self.command == "GET":
                if there is None:
                    return self.error(404, "NoSuchKey")
                return self.answer(200, there[0], ETag=server.etag(there[0]), Last_Modified=formatdate(there[1], usegmt=True))
            if headers.get("if-none-match") == "*" and there is not None:
                return self.error(412, "PreconditionFailed")
            if "if-match" in headers and there is None:
                return self.error(404, "NoSuchKey")
            if "if-match" in headers and headers["if-match"] != server.etag(there[0]):
                return self.error(412, "PreconditionFailed")
            server.objects[key] = (body, server.now())
            self.answer(200, ETag=server.etag(body))

    def list(self, server, query: dict) -> None:
        keys = sorted(key for key in server.objects if key.startswith(query.get("prefix", "")))
        keys = [key for key in keys if key > query.get("continuation-token", "")]
        more = f"<NextContinuationToken>{keys[PAGE - 1]}</NextContinuationToken>" if len(keys) > PAGE else ""
        contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys[:PAGE])
        goes_on = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
        self.answer(200, f"<ListBucketResult>{goes_on}{contents}{more}</ListBucketResult>".encode(),
                    Content_Type="application/xml")

    do_GET = do_PUT = do_DELETE = handle_one


class S3Server:
    def __init__(self, access: str, secret: str, bucket: str = "acme-mesh"):
        self.access, self.secret, self.bucket = access, secret, bucket
        self.objects, self.requests = {}, []
        self.fail_next = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.owner = self
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @staticmethod
    def etag(content: bytes) -> str:
        return f'"{hashlib.md5(content).hexdigest()}"'

    @staticmethod
    def now() -> float:
        return time.time()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
