#!/usr/bin/env python3
"""Products by gRPC: a client that knows no more than the address reads what REST gives.

    grpc_read.py BRAID VENV [--only NAME] [--seed N] [--keep]

grpcio comes from PyPI, into VENV; exit code 77 if it cannot.
"""
import pathlib
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import python_packages

PACKAGES = ["grpcio==1.76.0", "grpcio-reflection==1.76.0", "grpcio-health-checking==1.76.0"]

import braid_command
import serving_access
from braid_command import Case
from serving import Job, Shop, moment, same


def with_token(token: str):
    """Each call says who asks."""
    import grpc

    class Interceptor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
                      grpc.StreamStreamClientInterceptor):
        def intercept(self, continuation, details, request):
            metadata = [*(details.metadata or []), ("authorization", f"Bearer {token}")]
            return continuation(details._replace(metadata=metadata), request)

        intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = intercept

    return Interceptor()


class Views:
    """The services of a job as reflection tells them."""

    def __init__(self, job, domain="shop", port=0, token=""):
        import grpc
        from google.protobuf import descriptor_pool
        from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
        self.job, self.domain = job, domain
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port or job.address[1]}")
        self.calls = grpc.intercept_channel(self.channel, with_token(token)) if token else self.channel
        self.database = ProtoReflectionDescriptorDatabase(self.calls)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def type(self, product: str, name: str):
        from google.protobuf import message_factory
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"{self.domain}.{product}.v1.{name}"))

    def get(self, product: str, **request):
        call = self.calls.unary_unary(f"/{self.domain}.{product}.v1.View/Get",
                                      request_serializer=lambda message: message.SerializeToString(),
                                      response_deserializer=self.type(product, "GetReply").FromString)
        return call(self.type(product, "GetRequest")(**request), timeout=20)

    def scan(self, product: str, **request):
        call = self.calls.unary_stream(f"/{self.domain}.{product}.v1.View/Scan",
                                       request_serializer=lambda message: message.SerializeToString(),
                                       response_deserializer=self.type(product, "ScanReply").FromString)
        return call(self.type(product, "ScanRequest")(**request), timeout=60)

    def rows(self, product: str, **request) -> list:
        replies = list(self.scan(product, **request))
        self.job.case.expect(len({reply.at.epoch for reply in replies}) == 1, "replies are of several epochs")
        return [plain(row) for reply in replies for row in reply.rows]


def plain(row) -> dict:
    """As the output file has it."""
    made = {}
    for field in row.DESCRIPTOR.fields:
        value = getattr(row, field.name)
        if field.message_type is not None:
            value = None if not row.HasField(field.name) else value.ToDatetime().isoformat(timespec="milliseconds")
        elif field.has_presence and not row.HasField(field.name):
            value = None
        made[field.name] = value
    return made


def as_file(row: dict) -> dict:
    made = dict(row)
    for name in ("at", "newest"):
        if name in made:
            made[name] = moment(made[name]).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return made


def code_of(call) -> str:
    import grpc
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def rows_are_those_of_the_output(case: Case):
    shop = Shop(case)
    shop.sell(600)
    with Job(shop) as job, Views(job) as views:
        job.caught_up()
        table = shop.table()
        expected = [as_file(table[key]) for key in sorted(table)]
        same(case, views.rows("customer"), expected, "customers in order of the key")
        same(case, [plain(views.get("customer", key={"customer": key}).row) for key in sorted(table)], expected, "by key")
        case.expect(code_of(lambda: views.get("customer", key={"customer": 99})) == "NOT_FOUND", "a customer too many")
        read = sorted((row for row in table.values() if row["cents"] >= 900), key=lambda row: (row["sales"], row["customer"]))
        where = [{"field": "cents", "op": "GE", "value": "900"}]
        same(case, views.rows("customer", where=where, order="sales"), [as_file(row) for row in read], "in order of an index")
        by_time = sorted(shop.output("dear"), key=lambda row: row["at"])
        found = views.rows("dear")
        same(case, sorted(found, key=str), sorted(map(as_file, by_time), key=str), "a stream")
        few = list(views.scan("dear", limit=7))
        rest = views.rows("dear", after=few[-1].next)
        same(case, [plain(row) for reply in few for row in reply.rows] + rest, found, "in two parts")
        services = views.database.get_services()
        case.expect("shop.best.v1.View" in services and "grpc.health.v1.Health" in services, f"{services}")
        job.stop()


def scans_are_of_one_epoch(case: Case):
    """Each scan is of one epoch, and no sale goes away."""
    shop = Shop(case)
    shop.sell(200)
    with Job(shop) as job, Views(job) as views:
        job.caught_up()
        ended, seen = threading.Event(), []

        def read():
            while not ended.is_set():
                replies = list(views.scan("customer"))
                seen.append((replies[0].at.epoch, sum(row.sales for reply in replies for row in reply.rows),
                             {reply.at.epoch for reply in replies}))

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(20):
            shop.sell(25)
            time.sleep(0.05)
        job.caught_up()
        ended.set()
        reader.join()
        case.expect(all(len(epochs) == 1 for *_, epochs in seen), "a scan of several epochs")
        sums = {}
        for epoch, total, _ in seen:
            case.expect(sums.setdefault(epoch, total) == total, f"epoch {epoch} has {sums[epoch]} sales and {total}")
        case.expect(list(sums.values()) == sorted(sums.values()), f"sales go away: {sums}")
        at = views.get("customer", key={"customer": next(iter(shop.table()))}).at.epoch
        waits = views.get("customer", key={"customer": next(iter(shop.table()))}, min_epoch=at)
        case.expect(waits.at.epoch >= at, "an earlier epoch")
        case.expect(code_of(lambda: views.get("customer", key={"customer": 1}, min_epoch=at + 1000)) ==
                    "FAILED_PRECONDITION", "an epoch that is to come")
        case.note(f"{len(seen)} scans of {len(sums)} epochs")
        job.stop()


def what_was_can_be_asked_for(case: Case):
    shop = Shop(case)
    shop.sell(200, ordered=True)
    with Job(shop) as job, Views(job) as views:
        job.caught_up()
        before, then = views.rows("customer"), next(iter(views.scan("customer"))).at.epoch
        shop.sell(200, ordered=True)
        job.caught_up()
        same(case, views.rows("customer", as_of={"epoch": then}), before, "an earlier epoch")
        case.expect(views.rows("customer") != before, "nothing has changed")
        job.stop()


def each_consumer_sees_its_rows(case: Case):
    with serving_access.Job(case, serving_access.crm(case)) as job:
        job.caught_up(serving_access.DESK)

        def views(token):
            return Views(job, "crm", job.port, token)

        def members(reader):
            return [(row.id, row.email) for reply in reader.scan("member") for row in reply.rows]

        with views(serving_access.BOARD) as board, views(serving_access.DESK) as desk, views(serving_access.OPS) as ops:
            whole = [(i, f"m{i}@x.example") for i in serving_access.COUNTRIES]
            case.expect(members(desk) == members(ops) == whole, f"not all rows: {members(desk)}")
            case.expect(members(board) == [(1, "***"), (3, "***")], f"{members(board)}")
            by_mail = [{"field": "email", "value": "m1@x.example"}]
            case.expect([row for reply in board.scan("member", where=by_mail) for row in reply.rows] == [],
                        "what is masked cannot be searched")
            case.expect(code_of(lambda: board.get("member", key={"id": 2})) == "NOT_FOUND", "a row of others")
            case.expect(board.get("member", key={"id": 3}).row.email == "***", "a row")
            case.expect("crm.secret.v1.View" in ops.database.get_services(), "an owner does not see a product")
            case.expect("crm.secret.v1.View" not in board.database.get_services(), "a product of others")
            secret = ops.calls.unary_stream("/crm.secret.v1.View/Scan"), board.calls.unary_stream("/crm.secret.v1.View/Scan")
            case.expect([code_of(lambda: list(call(b"", timeout=20))) for call in secret] == ["OK", "UNIMPLEMENTED"],
                        "a product of others is read")
        for token in ("", serving_access.DESK + "x"):
            with views(token) as nobody:
                call = nobody.calls.unary_stream("/crm.member.v1.View/Scan")
                case.expect(code_of(lambda: list(call(b"", timeout=20))) == "UNAUTHENTICATED", f"token `{token}` is taken")
        job.stop()


CASES = [rows_are_those_of_the_output, scans_are_of_one_epoch, what_was_can_be_asked_for, each_consumer_sees_its_rows]

if __name__ == "__main__":
    python_packages.run_with(pathlib.Path(sys.argv[2]), PACKAGES)
    del sys.argv[2]
    braid_command.main(CASES)
