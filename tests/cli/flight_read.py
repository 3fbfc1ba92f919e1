#!/usr/bin/env python3
"""Products by Arrow Flight and Flight SQL: pyarrow, ADBC, pandas and DuckDB against the products' own output files.

    flight_read.py BRAID VENV [--only NAME] [--seed N] [--keep]

They come from PyPI, into VENV; exit code 77 if they cannot.
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import python_packages

PACKAGES = ["pyarrow==26.0.1", "adbc-driver-flightsql==1.13.0", "adbc-driver-manager==1.13.0", "pandas==3.1.1",
            "duckdb==1.5.6", "grpcio==1.76.0"]

import braid_command
import serving_access
from braid_command import Case
from serving import Job, Shop, moment, same


class Client:
    """What pyarrow sees of a job."""

    def __init__(self, port: int, token: str = ""):
        import pyarrow.flight as flight
        self.flight = flight
        headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
        self.options = flight.FlightCallOptions(timeout=30, headers=headers)
        self.client = flight.connect(f"grpc://127.0.0.1:{port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def info(self, *path: str):
        return self.client.get_flight_info(self.flight.FlightDescriptor.for_path(*path), self.options)

    def get(self, ticket):
        if not isinstance(ticket, self.flight.Ticket):
            ticket = self.flight.Ticket(ticket)
        return self.client.do_get(ticket, self.options)

    def table(self, *path: str):
        return self.get(self.info(*path).endpoints[0].ticket).read_all()

    def code(self, call) -> str:
        """What the call fails with."""
        import pyarrow
        try:
            call()
        except (self.flight.FlightError, pyarrow.ArrowException, NotImplementedError, KeyError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return "OK"


def sql(port: int, token: str = ""):
    import adbc_driver_flightsql
    import adbc_driver_flightsql.dbapi
    options = {adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token}"} if token else {}
    return adbc_driver_flightsql.dbapi.connect(f"grpc://127.0.0.1:{port}", db_kwargs=options)


def plain(row: dict) -> dict:
    """As the output file has it, with instants as such."""
    return {name: moment(value) if name in ("at", "newest") and isinstance(value, str) else value
            for name, value in row.items()}


def rows_are_those_of_the_output(case: Case):
    shop = Shop(case)
    shop.sell(600)
    with Job(shop) as job, Client(job.address[1]) as client:
        job.caught_up()
        table = shop.table()
        expected = [plain(table[key]) for key in sorted(table)]
        found = client.table("shop.customer")
        same(case, found.to_pylist(), expected, "all rows")
        same(case, client.table("shop", "customer").to_pylist(), expected, "by the parts of the name")
        same(case, client.table("shop.customer/rows?cents.ge=900").to_pylist(),
             [row for row in expected if row["cents"] >= 900], "a condition")
        same(case, client.table("shop.customer?fields=customer,cents&limit=3").to_pylist(),
             [{"customer": row["customer"], "cents": row["cents"]} for row in expected[:3]], "some fields")
        notes = found.schema.metadata
        case.expect(notes[b"braid.product"] == b"shop.customer" and notes[b"braid.version"] == b"1" and
                    int(notes[b"braid.epoch"]) > 0 and notes[b"braid.status"] and notes[b"braid.watermark"], f"{notes}")
        described = client.client.get_schema(client.flight.FlightDescriptor.for_path("shop.customer"), client.options)
        case.expect(described.schema == found.schema, f"{described.schema}")
        names = [flight.descriptor.path[0] for flight in client.client.list_flights(options=client.options)]
        case.expect(names == [b"shop.best@1", b"shop.customer@1", b"shop.dear@1", b"shop.sale_per_minute@1"] or
                    sorted(names) == [b"shop.best@1", b"shop.customer@1", b"shop.dear@1", b"shop.sale_per_minute@1"],
                    f"{names}")
        dear = client.table("shop.dear").to_pylist()
        same(case, sorted(dear, key=str), sorted(map(plain, shop.output("dear")), key=str), "a stream")
        import duckdb
        held = client.table("shop.dear")
        total = duckdb.sql("select sum(cents)::bigint from held").fetchone()[0]
        case.expect(total == sum(row["cents"] for row in shop.output("dear")), f"DuckDB: {total}")
        case.expect(int(held.to_pandas()["cents"].sum()) == total, "pandas")
        job.stop()


def tickets_pin_their_epoch(case: Case):
    shop = Shop(case)
    shop.sell(200)
    with Job(shop) as job, Client(job.address[1]) as client:
        job.caught_up()
        info, before = client.info("shop.customer"), client.table("shop.customer").to_pylist()
        shop.sell(200)
        job.caught_up()
        same(case, client.get(info.endpoints[0].ticket).read_all().to_pylist(), before, "the rows of the ticket")
        case.expect(client.table("shop.customer").to_pylist() != before, "nothing has changed")
        job.stop()


def changes_have_no_end(case: Case):
    shop = Shop(case)
    shop.sell(100)
    with Job(shop) as job, Client(job.address[1]) as client:
        job.caught_up()

        def follow(reader, copy: dict, sales: int):
            """Takes changes over until the copy has as many sales; gives the last place."""
            place = None
            while True:
                chunk = reader.read_chunk()
                note = json.loads(chunk.app_metadata.to_pybytes())
                rows = chunk.data.to_pylist()
                case.expect(len({row["braid_epoch"] for row in rows}) == 1, "a batch of several epochs")
                for row in rows:
                    kept = {name: value for name, value in row.items() if not name.startswith("braid_")}
                    if row["braid_change"] == "delete":
                        copy.pop(row["customer"])
                    else:
                        copy[row["customer"]] = kept
                place = note["next"]
                if note["committed"] and sum(row["sales"] for row in copy.values()) == sales:
                    return place

        copy = {}
        reader = client.get(b"shop.customer/changes?from=snapshot")
        follow(reader, copy, shop.written)
        shop.sell(100)
        place = follow(reader, copy, shop.written)
        reader.cancel()
        shop.sell(100)
        job.caught_up()
        follow(client.get(f"shop.customer/changes?since={place}".encode()), copy, shop.written)
        table = shop.table()
        same(case, [copy[key] for key in sorted(copy)], [plain(table[key]) for key in sorted(table)], "the copy")
        job.stop()


def drivers_ask_in_sql(case: Case):
    shop = Shop(case)
    shop.sell(400)
    with Job(shop) as job, sql(job.address[1]) as connection:
        job.caught_up()
        table, dear = shop.table(), shop.output("dear")
        with connection.cursor() as cursor:
            cursor.execute("select * from shop.customer order by customer")
            same(case, cursor.fetch_arrow_table().to_pylist(), [plain(table[key]) for key in sorted(table)], "a statement")
            cursor.execute("select count(*) as n from shop.customer c join shop.dear d on d.customer = c.customer")
            case.expect(cursor.fetchone() == (len(dear),), "a join")
            for city, least in (("Bern", 700), ("a/b", 600), ("it's none", 0)):
                cursor.execute("select count(*) as n from shop.dear where city = ? and cents >= ?", (city, least))
                expected = sum(row["city"] == city and row["cents"] >= least for row in dear)
                case.expect(cursor.fetchone() == (expected,), f"parameters {city}, {least}")
            cursor.execute("select count(*) from shop.dear where note is not distinct from ?", (None,))
            case.expect(cursor.fetchone() == (sum(row["note"] is None for row in dear),), "a parameter that is null")
            cursor.execute("select city, sum(cents)::bigint as cents from shop.dear group by city")
            frame = cursor.fetch_df()
            case.expect(int(frame["cents"].sum()) == sum(row["cents"] for row in dear), "pandas")
        about = connection.adbc_get_info()
        case.expect(about.get("vendor_name") == "Braid", f"{about}")
        objects = connection.adbc_get_objects(depth="columns").read_all().to_pylist()
        found = {(schema["db_schema_name"], each["table_name"]): [column["column_name"] for column in each["table_columns"]]
                 for catalogue in objects for schema in catalogue["catalog_db_schemas"]
                 for each in schema["db_schema_tables"]}
        case.expect(found["shop", "dear"] == ["id", "customer", "city", "cents", "note", "at"], f"{found}")
        case.expect(("shop", "customer@1") in found, f"{found}")
        case.expect(connection.adbc_get_table_schema("dear", db_schema_filter="shop").names == found["shop", "dear"],
                    "the schema of a table")
        case.expect(connection.adbc_get_table_types() == ["TABLE"], "types of tables")
        job.stop()


def what_is_wrong_is_refused(case: Case):
    import adbc_driver_manager
    import pyarrow
    shop = Shop(case)
    shop.sell(50)
    with Job(shop) as job, Client(job.address[1]) as client:
        job.caught_up()

        def refused(call, *words):
            code = client.code(call)
            case.expect(any(word in code for word in words), f"expected {words}: {code}")

        refused(lambda: client.table("shop.nothing"), "no product")
        refused(lambda: client.table("shop.customer?town=Bern"), "has no field")
        refused(lambda: client.table("shop.customer/everything"), "DOMAIN.PRODUCT")
        refused(lambda: client.get(b"\xff\xfe").read_all(), "DOMAIN.PRODUCT")
        refused(lambda: client.get(b"shop.customer@1/rows?after=AAAA").read_all(), "after")
        refused(lambda: client.get(b"shop.customer/changes?since=AAAA").read_chunk(), "place")
        ticket = client.info("shop.customer").endpoints[0].ticket.ticket
        refused(lambda: client.get(ticket.replace(b"customer", b"dear")).read_all(), "another query")
        refused(lambda: list(client.client.do_action(("no such", b""), client.options)), "no action")

        def write():
            batch = pyarrow.record_batch([[1]], names=["customer"])
            writer, _ = client.client.do_put(client.flight.FlightDescriptor.for_path("shop.customer"), batch.schema,
                                             client.options)
            writer.write_batch(batch)
            writer.close()

        refused(write, "nothing is written")
        with sql(job.address[1]) as connection:
            for text in ("drop view shop.customer", "insert into shop.customer values (1)", "select 1; select 2",
                         "select * from read_text('/etc/passwd')", "select town from shop.customer", "selekt"):
                with connection.cursor() as cursor:
                    try:
                        cursor.execute(text)
                        cursor.fetchall()
                        answered = True
                    except adbc_driver_manager.Error as error:
                        answered = False
                        case.expect("INVALID_ARGUMENT" in str(error) or "InvalidArgument" in str(error), f"{text}: {error}")
                    case.expect(not answered, f"`{text}` is answered")
            with connection.cursor() as cursor:
                cursor.execute("select 42")
                case.expect(cursor.fetchone() == (42,), "the connection is of no use any more")
        # Bytes that are no messages, or some that were bent.
        import grpc
        with grpc.insecure_channel(f"127.0.0.1:{job.address[1]}") as channel:
            for method in ("Handshake", "ListFlights", "GetFlightInfo", "GetSchema", "DoGet", "DoPut", "DoAction",
                           "ListActions", "DoExchange"):
                call = channel.stream_stream(f"/arrow.flight.protocol.FlightService/{method}")
                for _ in range(40):
                    request = bytearray(ticket if case.random.random() < 0.5 else case.random.randbytes(30))
                    request = bytes([0x0A, len(request) & 0x7F]) + bytes(request)
                    try:
                        list(call(iter([request]), timeout=20))
                    except grpc.RpcError as error:
                        case.expect(error.code().name not in ("DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE"),
                                    f"{method} {request}: {error}")
        case.expect(len(client.table("shop.customer")) == len(shop.table()), "the job does not answer any more")
        job.stop()


def each_consumer_sees_its_rows(case: Case):
    with serving_access.Job(case, serving_access.crm(case)) as job:
        job.caught_up(serving_access.DESK)
        with Client(job.port, serving_access.BOARD) as board, Client(job.port, serving_access.DESK) as desk, \
                Client(job.port, serving_access.OPS) as ops:
            def members(client, ticket=b"crm.member"):
                return [(row["id"], row["email"]) for row in client.get(ticket).read_all().to_pylist()]

            whole = [(i, f"m{i}@x.example") for i in serving_access.COUNTRIES]
            case.expect(members(desk) == members(ops) == whole, f"not all rows: {members(desk)}")
            case.expect(members(board) == [(1, "***"), (3, "***")], f"{members(board)}")
            # A ticket gives no rights of who got it.
            ticket = desk.info("crm.member").endpoints[0].ticket
            case.expect(members(board, ticket) == [(1, "***"), (3, "***")], "a ticket of another reader")
            secret = ops.info("crm.secret").endpoints[0].ticket
            case.expect("no product" in board.code(lambda: board.get(secret).read_all()), "a ticket of an owner")
            names = {flight.descriptor.path[0] for flight in board.client.list_flights(options=board.options)}
            case.expect(b"crm.member@1" in names and b"crm.secret@1" not in names, f"{names}")
        with sql(job.port, serving_access.BOARD) as connection, connection.cursor() as cursor:
            cursor.execute("select id, email from crm.member order by id")
            case.expect(cursor.fetchall() == [(1, "***"), (3, "***")], "by SQL")
        for token in ("", serving_access.DESK + "x"):
            with Client(job.port, token) as nobody:
                case.expect("Unauthenticated" in nobody.code(lambda: nobody.table("crm.member")), f"token `{token}`")
        job.stop()


CASES = [rows_are_those_of_the_output, tickets_pin_their_epoch, changes_have_no_end, drivers_ask_in_sql,
         what_is_wrong_is_refused, each_consumer_sees_its_rows]

if __name__ == "__main__":
    python_packages.run_with(pathlib.Path(sys.argv[2]), PACKAGES)
    del sys.argv[2]
    braid_command.main(CASES)
