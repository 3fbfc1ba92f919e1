#!/usr/bin/env python3
"""Logins to a real broker: by certificates of the client, by tokens of OpenID Connect, by SCRAM.

usage: kafka_login.py BRAID --tool TOPIC_TOOL --port PORT --authority CA_PEM [--only NAME]    (scripts/kafka up --secure)

The folder of CA_PEM has the authority's key and the one that signs tokens. Other certificates are made here, and so is
the token endpoint: HTTPS on the loopback address.
"""
import base64
import contextlib
import http.server
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

from braid_command import DONE, main
from kafka_run import CANARY, SECURE, broker_answers, options, run, secure, told, topic

MUTUAL = '''[env.prod.kafka]
security.protocol = "ssl"
ssl.ca.pem = "file:ca.pem"
ssl.certificate.pem = "file:{folder}/{name}.pem"
ssl.key.pem = "file:{folder}/{name}.key"
'''
OIDC = '''[env.prod.kafka]
security.protocol = "sasl_ssl"
sasl.mechanism = "OAUTHBEARER"
sasl.oauthbearer.method = "oidc"
sasl.oauthbearer.token.endpoint.url = "{endpoint}"
sasl.oauthbearer.client.id = "env:SHOP_CLIENT"
sasl.oauthbearer.client.secret = "env:SHOP_SECRET"
sasl.oauthbearer.scope = "kafka"
https.ca.pem = "file:{authority}"
ssl.ca.pem = "file:ca.pem"
'''


def mutual(case):
    return f"localhost:{case.options.port + 40}"


def read_bind(case):
    return f'"shop.sale" = {{ topic = "{topic(case)}" }}'


def openssl(case, *words, text=None):
    made = subprocess.run(["openssl", *map(str, words)], input=text, capture_output=True, timeout=60)
    case.expect(made.returncode == 0, f"openssl {words}: {made.stderr.decode()}")
    return made.stdout


def authority(case, name):
    """Another one than the broker's."""
    openssl(case, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 30, "-subj", f"/CN={name}", "-keyout",
            case.directory / f"{name}.key", "-out", case.directory / f"{name}.pem")
    return case.directory / f"{name}.pem"


def certificate(case, name, user="braid", by=None, days=30, encrypted=None, names="DNS:localhost,IP:127.0.0.1"):
    """NAME.pem and NAME.key in the case's directory. `days`: 0 has ended."""
    by = by or case.options.authority
    key, request, made = (case.directory / f"{name}{end}" for end in (".key", ".csr", ".pem"))
    locked = ["-passout", f"pass:{encrypted}"] if encrypted else ["-nodes"]
    openssl(case, "req", "-newkey", "rsa:2048", *locked, "-subj", f"/CN={user}", "-keyout", key, "-out", request)
    extensions = case.directory / "extensions"
    extensions.write_text(f"subjectAltName={names}\n")
    openssl(case, "x509", "-req", "-in", request, "-CA", by, "-CAkey", by.with_suffix(".key"), "-set_serial",
            case.random.randrange(1 << 60), "-days", days, "-extfile", extensions, "-out", made)
    if days == 0:
        time.sleep(1.1)
    return MUTUAL.format(folder=case.directory, name=name)


def scram_in_both_lengths(case):
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
        settings = SECURE.format(user="braid").replace("SCRAM-SHA-512", mechanism)
        run(case, secure(case), settings, read_bind(case), environment={"SHOP_PASSWORD": "braid"})
        run(case, secure(case), settings, finding="E7048", environment={"SHOP_PASSWORD": CANARY})


def a_mechanism_that_is_not_offered(case):
    settings = SECURE.format(user="braid").replace("SCRAM-SHA-512", "PLAIN")
    text = run(case, secure(case), settings, finding="E7048", environment={"SHOP_PASSWORD": CANARY})
    told(case, text, "SCRAM-SHA-512")


def a_certificate_of_the_client(case):
    settings = certificate(case, "client")
    run(case, mutual(case), settings, read_bind(case))
    # The key in a variable, locked by a password in another.
    settings = certificate(case, "locked", encrypted=CANARY)
    settings = settings.replace(f"file:{case.directory}/locked.key", "env:SHOP_KEY") + 'ssl.key.password = "env:SHOP_WORD"\n'
    key = (case.directory / "locked.key").read_text()
    run(case, mutual(case), settings, read_bind(case), environment={"SHOP_KEY": key, "SHOP_WORD": CANARY})
    run(case, mutual(case), settings, finding="E7044", environment={"SHOP_KEY": key, "SHOP_WORD": "another"})


def a_key_of_another_certificate(case):
    certificate(case, "one")
    settings = certificate(case, "two").replace("two.key", "one.key")
    run(case, mutual(case), settings, finding="E7044")


def a_certificate_without_rights(case):
    told(case, run(case, mutual(case), certificate(case, "guest", user="guest"), read_bind(case), finding="E7050"),
         "topic")


def no_certificate(case):
    settings = MUTUAL.split("ssl.certificate")[0]
    told(case, run(case, mutual(case), settings, finding="E7047"), mutual(case), "`ssl.certificate.pem`")


def a_certificate_that_has_expired(case):
    told(case, run(case, mutual(case), certificate(case, "old", days=0), finding="E7047"), mutual(case),
         "`ssl.certificate.pem`")


def a_certificate_of_an_unknown_authority(case):
    settings = certificate(case, "foreign", by=authority(case, "nobody"))
    told(case, run(case, mutual(case), settings, finding="E7047"), mutual(case), "`ssl.certificate.pem`")


def a_broker_of_an_unknown_authority(case):
    settings = certificate(case, "client").replace("file:ca.pem", f"file:{authority(case, 'nobody')}")
    told(case, run(case, mutual(case), settings, finding="E7047"), "`ssl.ca.pem`")


@contextlib.contextmanager
def broker_with(case, name):
    """Somebody who has this certificate, and does not come to anything else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(case.directory / f"{name}.pem", case.directory / f"{name}.key")
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.2)
    ended = threading.Event()

    def serve():
        while not ended.is_set():
            with contextlib.suppress(OSError):
                connection = listening.accept()[0]
                connection.settimeout(5)
                context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"localhost:{listening.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        listening.close()


def a_certificate_of_the_broker_that_has_expired(case):
    certificate(case, "old", days=0)
    with broker_with(case, "old") as brokers:
        told(case, run(case, brokers, MUTUAL.split("ssl.certificate")[0], finding="E7047"), brokers, "expired")


def a_certificate_of_another_host(case):
    certificate(case, "other", names="DNS:broker.example")
    with broker_with(case, "other") as brokers:
        told(case, run(case, brokers, MUTUAL.split("ssl.certificate")[0], finding="E7047"), brokers, "localhost")


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Gives tokens to whoever has the secret; `claims` are put in, `lifetime` is in seconds."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        login = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        self.server.asked.append(form)
        if login != f"shop:{CANARY}" or form.get("grant_type") != ["client_credentials"]:
            return self.answer(401, {"error": "invalid_client", "error_description": "no such client"})
        if self.server.broken:
            return self.answer(200, {"answer": "nothing"})
        now = int(time.time())
        claims = {"iss": "braid-test-issuer", "aud": "braid-test", "sub": "braid", "iat": now, "scope": "kafka",
                  "exp": now + self.server.lifetime, **self.server.claims}
        self.answer(200, {"access_token": self.server.sign(claims), "token_type": "Bearer", "expires_in": 300})

    def answer(self, code, body):
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextlib.contextmanager
def endpoint(case, claims=None, lifetime=300, key=None, broken=False):
    certificate(case, "endpoint", user="localhost")
    signing = key or case.options.authority.parent / "token.key"

    def packed(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    def sign(content):
        head = packed(json.dumps({"alg": "RS256", "kid": "token", "typ": "JWT"}).encode())
        text = head + b"." + packed(json.dumps(content).encode())
        return (text + b"." + packed(openssl(case, "dgst", "-sha256", "-sign", signing, text=text))).decode()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
    server.asked, server.claims, server.lifetime, server.sign, server.broken = [], claims or {}, lifetime, sign, broken
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(case.directory / "endpoint.pem", case.directory / "endpoint.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        server.url = f"https://localhost:{server.server_port}/token"
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


LOGIN = {"SHOP_CLIENT": "shop", "SHOP_SECRET": CANARY}


def oidc(case, server):
    return OIDC.format(endpoint=server.url, authority=case.options.authority)


def a_token(case):
    with endpoint(case) as server:
        run(case, secure(case), oidc(case, server), read_bind(case), environment=LOGIN)
        case.expect(server.asked and server.asked[0].get("scope") == ["kafka"], f"what was asked: {server.asked}")


def a_token_without_rights(case):
    with endpoint(case, {"sub": "guest"}) as server:
        run(case, secure(case), oidc(case, server), read_bind(case), finding="E7050", environment=LOGIN)


def a_secret_that_is_wrong(case):
    with endpoint(case) as server:
        text = run(case, secure(case), oidc(case, server), finding="E7048", environment={**LOGIN, "SHOP_SECRET": "wrong"})
        told(case, text, "no such client")


def tokens_that_the_broker_refuses(case):
    another = openssl(case, "genrsa", 2048)
    (case.directory / "another.key").write_bytes(another)
    for what in ({"claims": {"aud": "another"}}, {"claims": {"iss": "another"}}, {"key": case.directory / "another.key"}):
        with endpoint(case, **what) as server:
            text = run(case, secure(case), oidc(case, server), finding="E7048", environment=LOGIN)
            told(case, text, secure(case), "refuses the login")


def an_endpoint_that_gives_no_token(case):
    with endpoint(case, broken=True) as server:
        run(case, secure(case), oidc(case, server), finding="E7048", environment=LOGIN)
    told(case, run(case, secure(case), oidc(case, server), finding="E7048", environment=LOGIN), "token")


def an_endpoint_that_is_not_trusted(case):
    nobody = authority(case, "nobody")
    with endpoint(case) as server:
        settings = oidc(case, server).replace(f"file:{case.options.authority}", f"file:{nobody}")
        told(case, run(case, secure(case), settings, finding="E7048", environment=LOGIN), "certificate")


def a_job_outlives_its_tokens(case):
    folder = case.directory / "shop"
    with endpoint(case, lifetime=8) as server:
        run(case, secure(case), oidc(case, server), read_bind(case), environment=LOGIN)
        asked = len(server.asked)
        process = case.start("run", folder, "--env", "prod", environment=LOGIN)
        try:
            end = time.monotonic() + 90
            while len(server.asked) < asked + 8 and time.monotonic() < end and process.poll() is None:
                time.sleep(0.2)
            case.expect(process.poll() is None, f"it ended: {case.ended(process) if process.poll() is not None else ''}")
            case.expect(len(server.asked) >= asked + 8, f"tokens were asked for {len(server.asked) - asked} times")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        ended = case.ended(process)
        case.expect(ended.code == DONE, f"{ended}")


if __name__ == "__main__":
    if "--port" in sys.argv and not broker_answers():
        print("skipped: no secure broker answers (scripts/kafka up --secure)")
        sys.exit(77)
    main([scram_in_both_lengths, a_mechanism_that_is_not_offered, a_certificate_of_the_client, a_key_of_another_certificate,
          a_certificate_without_rights, no_certificate, a_certificate_that_has_expired,
          a_certificate_of_an_unknown_authority, a_broker_of_an_unknown_authority,
          a_certificate_of_the_broker_that_has_expired, a_certificate_of_another_host, a_token, a_token_without_rights,
          a_secret_that_is_wrong, tokens_that_the_broker_refuses, an_endpoint_that_gives_no_token,
          an_endpoint_that_is_not_trusted, a_job_outlives_its_tokens], options)
