#!/usr/bin/env python3
"""Products in topics that `braid serve` serves: each answer has the rows of the committed records up to the offsets that it
names, whatever happens to the job that writes them and to the process that serves them.

usage: served.py BRAID --brokers HOST:PORT --venv VENV --kafka HOME --port PORT [--only NAME]

As told.py. Exit code 77: confluent-kafka, or the broker, cannot be had.
"""
import collections
import contextlib
import json
import pathlib
import sys
import threading
import time

import chaos
import faults
import told

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from braid_command import main  # noqa: E402

SHOP = told.SALE.replace("{{", "{").replace("}}", "}") + """
product kept version 1
  key id
  to topic "{results}"
{
  from sale
  select { id, user, at }
}

/// Its rows change, and go.
product best version 1
  to topic "{results}.best"
{
  from sale
  group user { sales: count(), newest: max(id), at: max(at) } retain forever
  where newest % 5 != 0
}
"""
SERVE = """
[env.prod.serve]
"shop.kept" = { index = ["user"] }
"shop.best" = { index = ["newest"], keep = "1h" }
"""
KEYS = {"shop.kept": None, "shop.best": "user"}


def shop(case):
    return told.Job(case, SHOP, kafka='commit_within = "200ms"', more=SERVE)


@contextlib.contextmanager
def serving(job, *words, store="serve", kill=None):
    """The process that serves; it is killed at the end if it has not ended."""
    log = open(job.case.directory / f"{job.name}.{store}", "a+")
    log.truncate(0)
    process = job.case.start("serve", job.folder, "--env", "prod", "--log", "json", "--listen", "127.0.0.1:0",
                             "--store", job.case.directory / f"{job.name}.{store}.store", *words,
                             environment={"BRAID_KILL_AT": kill} if kill else {}, stderr=log)
    try:
        yield faults.Running(job, process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        log.close()


class Reads:
    """Answers for all products, taken all the time while the block is run."""

    def __init__(self):
        self.answers, self.ended, self.served = [], threading.Event(), None

    def __enter__(self):
        self.thread = threading.Thread(target=self.read)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def read(self):
        while not self.ended.wait(0.05):
            served = self.served
            for product in KEYS:
                try:
                    code, body = served.get(f"/v1/products/{product}/rows?limit=10000") if served and served.address() else (0, "")
                except (OSError, ValueError):  # it is being killed
                    continue
                if code == 200:
                    self.answers.append(json.loads(body))


def rows_of(records, offsets, key):
    """What records before these offsets make."""
    table, rows = {}, []
    for record in records:
        if record.offset() >= offsets[record.partition()]:
            continue
        value = None if record.value() is None else json.loads(record.value())
        if key is None:
            rows.append(value)
        elif value is None:
            table.pop(record.key(), None)
        else:
            table[record.key()] = value
    return rows if key is None else list(table.values())


def sorted_rows(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def check_answers(case, job, answers):
    topics = {name: job.read(name) for name in (job.results, job.results + ".best")}
    for answer in answers:
        expected = rows_of(topics[answer["topic"]], answer["offsets"], KEYS[answer["product"]])
        case.expect(answer["next"] is None, "the answer does not have all rows")
        case.expect(sorted_rows(answer["rows"]) == sorted_rows(expected),
                    f"{answer['product']} at {answer['offsets']}: {len(answer['rows'])} rows, expected {len(expected)}")
    return topics


def ends_of(records):
    ends = collections.Counter()
    for record in records:
        ends[record.partition()] = max(ends[record.partition()], record.offset() + 1)
    return ends


def whole(case, job, served):
    """Once all has been read, all rows are there."""
    topics = {"shop.kept": job.read(job.results), "shop.best": job.read(job.results + ".best")}
    found = {}

    def is_whole(product):
        code, body = served.get(f"/v1/products/{product}/rows?limit=10000")
        if code != 200:
            return False
        found[product] = json.loads(body)
        return all(found[product]["offsets"][partition] >= end for partition, end in ends_of(topics[product]).items())

    for product in KEYS:
        job.wait_for(f"all of {product}", lambda: is_whole(product), 60)
    check_answers(case, job, found.values())
    case.expect(any(record.value() is None for record in topics["shop.best"]), "no row went")
    return found


def answers_are_of_their_offsets_whatever_happens(case):
    """The job and the process that serves are killed at any time, and in the middle of their commits."""
    job = shop(case)
    job.sell(5)
    job.run()  # the topics are there
    with Reads() as reads:
        for of_job, of_serve in (("before_offsets:2", None), (None, "before_commit:3"), ("after_transaction:2", "after_commit:2"),
                                 (None, "after_turn:5"), (None, None)):
            job.environment = {"BRAID_KILL_AT": of_job} if of_job else {}
            with job.running() as running, serving(job, kill=of_serve) as served, told.sells(job):
                reads.served = served
                if of_job:
                    running.process.wait(timeout=60)
                if of_serve:
                    served.process.wait(timeout=60)
                if not of_job and not of_serve:
                    time.sleep(case.random.uniform(1, 2))
                    served.process.kill()
                reads.served = None
    job.environment = {}
    job.run()
    job.check()
    check_answers(case, job, reads.answers)
    case.expect(len({str(each["offsets"]) for each in reads.answers}) > 5, "hardly anything was read while it ran")
    with serving(job) as one, serving(job, store="other") as two:
        for served in (one, two):
            job.wait_for("an address", served.address)
        first, second = whole(case, job, one), whole(case, job, two)
        for product in KEYS:
            case.expect(sorted_rows(first[product]["rows"]) == sorted_rows(second[product]["rows"]), "replicas differ")
        # Read your writes, by the epoch of this process.
        epoch = first["shop.kept"]["epoch"]
        code, _ = one.get(f"/v1/products/shop.kept/rows?min_epoch={epoch + 1}")
        case.expect(code == 412, f"an epoch to come: {code}")
        job.sell(3)
        job.run()
        job.wait_for("a later epoch", lambda: one.get(f"/v1/products/shop.kept/rows?min_epoch={epoch + 1}&wait=5s")[0] == 200)
        code, body = one.get("/metrics")
        case.expect("braid_source_lag_records" in body, "no lag is shown")
        one.stop()
        two.stop()
    case.note(f"{len(reads.answers)} answers")


def topics_that_do_not_fit_are_told(case):
    job = shop(case)
    job.sell(10)
    job.run()

    def serve(*words, **options):
        return case.braid("serve", job.folder, "--env", "prod", "--until", "caught-up", *words, **options)

    serve()
    rows = case.braid("read", "shop.kept", "--project", job.folder, "--env", "prod", "--limit", 1000).out.splitlines()
    case.expect(sorted(json.loads(row)["id"] for row in rows) == list(range(1, 11)), f"{rows}")
    # Records that nobody has read expire.
    job.sell(10)
    job.run()
    for partition, end in ends_of(job.read(job.results)).items():
        job.delete_records(job.results, partition, end)
    serve(code=None, finding="E8074")
    serve("--reset")
    # The topic is made anew while a process reads it, and between two runs.
    with serving(job, store="live") as live:
        job.wait_for("it is ready", lambda: live.address() and live.get("/readyz")[0] == 200)
        job.delete(job.results)
        job.wait_for("it notices", lambda: live.process.poll() is not None, 90)
        case.expect("E8074" in live.text(), live.text()[-2000:])
    job.make(job.results)
    serve(code=None, finding="E8074")
    serve("--reset")


CASES = [answers_are_of_their_offsets_whatever_happens, topics_that_do_not_fit_are_told]

if __name__ == "__main__":
    if "--venv" in sys.argv and "--port" in sys.argv:
        faults.kafka = chaos.client(pathlib.Path(sys.argv[sys.argv.index("--venv") + 1]))
        if not faults.answers(int(sys.argv[sys.argv.index("--port") + 1])):
            print("skipped: no broker answers (scripts/kafka up --secure)")
            sys.exit(77)
    main(CASES, faults.options)
