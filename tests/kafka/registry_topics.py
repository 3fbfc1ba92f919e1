"""What the tests of topics with schemas share: a registry that can hide schemas, and readers of topics."""
import http.server
import threading
import time
import urllib.error
import urllib.request

from job import fail


class HidingRegistry(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the registry at `address`; ids that are hidden are unknown."""
    address = ""
    hidden = set()

    def log_message(self, *_):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        parts = self.path.split("?")[0].split("/")
        if parts[1:3] == ["schemas", "ids"] and int(parts[3]) in self.hidden:
            return self.answer(404, b'{"error_code":40403,"message":"Schema not found"}')
        self.answer(*self.ask(self.path, body))

    def ask(self, path, body):
        request = urllib.request.Request(self.address + path, data=body, method=self.command)
        for name in ("Content-Type", "Accept"):
            if name in self.headers:
                request.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(request, timeout=10) as answered:
                return answered.status, answered.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on

    @classmethod
    def serve(cls, address):
        """In front of the registry at `address`; its own is returned."""
        cls.address = address
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), cls)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{proxy.server_port}"


def consumer_of(brokers, group, topic, **settings):
    from confluent_kafka import Consumer

    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", **settings})
    consumer.subscribe([topic])
    return consumer


class ProductReader:
    """The rows of a product by their ids, as a job writes them."""

    def __init__(self, brokers, prefix, product):
        self.consumer = consumer_of(brokers, prefix + "reader", prefix + product,
                                    **{"topic.metadata.refresh.interval.ms": 1000})
        self.rows = {}

    def take(self, message):
        """Of a record, puts the row into `rows`."""
        raise NotImplementedError

    def poll(self):
        message = self.consumer.poll(0.2)
        if message is not None and not message.error():
            self.take(message)

    def wait_for(self, ids, job, seconds=90):
        end = time.time() + seconds
        while not set(ids) <= set(self.rows):
            if time.time() > end or job.process.poll() is not None:
                fail(f"rows are missing: {sorted(set(ids) - set(self.rows))[:10]}\n{job.told()[-3000:]}")
            self.poll()

    def settle(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.poll()


def read_values(brokers, group, topic, count, seconds=30):
    """The values of that many records of a topic, and of those that come within a second more."""
    consumer = consumer_of(brokers, group, topic)
    found, end = [], time.time() + seconds
    while time.time() < end:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            found.append(message.value())
        if len(found) >= count:
            end = min(end, time.time() + 1)
    consumer.close()
    return found
