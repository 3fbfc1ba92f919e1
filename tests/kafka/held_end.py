#!/usr/bin/env python3
"""The end of a transaction that reaches the broker late, within a later transaction, tears and loses nothing.

    held_end.py BRAID BROKER VENV [--seconds 20] [--seed N]

A job runs through a proxy that knows the frames of the protocol. Now and then the proxy keeps an EndTxn, cuts the
connection on which it came, and lets the client go on. When the next transaction has written records, the proxy hands the
kept request to the broker. At the end the topics must hold what runs over files give (chaos.py). BROKER has one broker.
"""
import argparse
import asyncio
import collections
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import chaos

PRODUCE, END_TXN = 0, 26
INVALID_PRODUCER_EPOCH = 47


class Proxy:
    def __init__(self, broker: str, seed: int):
        self.host, port = broker.split(":")
        self.port = int(port)
        self.random = random.Random(seed)
        self.kept = None  # (frame, connection to the broker), one at a time
        self.counts = collections.Counter()
        self.answers = collections.Counter()  # of the broker to what was released, by error
        self.own_port = None
        self.holds = True
        self.ready = threading.Event()
        self.connections = set()  # the loop alone would not keep them
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, daemon=True).start()
        self.ready.wait()

    def run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.own_port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        """One connection of a client, with its own to the broker."""
        from_broker, to_broker = await asyncio.open_connection(self.host, self.port)
        back = asyncio.create_task(self.answer(from_broker, writer))
        self.connections |= {back, to_broker}
        keeps = False
        try:
            while not keeps:
                frame = await self.frame(reader)
                kind = struct.unpack(">h", frame[4:6])[0]
                if kind == END_TXN and self.holds and self.kept is None and self.random.random() < 0.3:
                    self.counts["kept"] += 1
                    self.kept = (frame, to_broker)
                    keeps = True
                    continue
                to_broker.write(frame)
                if kind == PRODUCE and self.kept is not None:
                    await self.release()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        # The client sees a broken connection; the broker sees one on which nothing comes.
        if keeps:
            writer.transport.abort()
        else:
            to_broker.close()
            writer.close()
            await asyncio.gather(back, return_exceptions=True)

    async def release(self):
        (frame, to_broker), self.kept = self.kept, None
        await asyncio.sleep(0.02)  # what was written is on its way
        to_broker.write(frame)
        self.counts["released"] += 1

    async def answer(self, from_broker, writer):
        """Answers name the broker's address; the client must come back to the proxy."""
        address = self.host.encode() + struct.pack(">i", self.port)
        own = self.host.encode() + struct.pack(">i", self.own_port)
        try:
            while True:
                frame = await self.frame(from_broker)
                if writer.transport.is_closing():
                    # Behind length, correlation id and throttle time: the error.
                    self.answers[struct.unpack(">h", frame[12:14])[0]] += 1
                else:
                    writer.write(frame.replace(address, own))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @staticmethod
    async def frame(reader) -> bytes:
        head = await reader.readexactly(4)
        return head + await reader.readexactly(struct.unpack(">i", head)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("braid")
    parser.add_argument("brokers")
    parser.add_argument("venv", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    kafka = chaos.client(options.venv)
    prefix = f"held-{options.seed}-"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="braid-held-"))
    project = folder / "project"
    proxy = Proxy(options.brokers, options.seed)
    script, toml = chaos.make_job(project, prefix, f"127.0.0.1:{proxy.own_port}")
    admin = chaos.make_inputs(options, prefix)

    source = chaos.Input(options, kafka, prefix)
    producer = threading.Thread(target=source.produce, args=(time.monotonic() + options.seconds,))
    producer.start()
    failed = []
    log = open(project / "log", "wb")
    job = subprocess.Popen([options.braid, "run", "--env", "prod", project], stdout=log, stderr=log)
    producer.join()
    # On a busy machine few transactions end in that time.
    end = time.monotonic() + 120
    while proxy.answers[INVALID_PRODUCER_EPOCH] < 5 and time.monotonic() < end and job.poll() is None:
        source.produce(time.monotonic() + 1)
    proxy.holds = False
    job.send_signal(signal.SIGTERM)
    if job.wait(timeout=120) != 0:
        failed.append(f"the job ended with {job.returncode}")
    last = subprocess.run([options.braid, "run", "--env", "prod", "--until", "caught-up", project], capture_output=True,
                          text=True, timeout=300)
    if last.returncode != 0:
        failed.append("the last run failed: " + last.stderr)
    if proxy.answers[INVALID_PRODUCER_EPOCH] < 5:
        failed.append(f"the broker refused only {proxy.answers[INVALID_PRODUCER_EPOCH]} of them, by the epoch of a session")
    if not failed:
        source.write(folder)
        failed = chaos.compare(chaos.expected_rows(options, folder, script, toml), chaos.committed_rows(options, kafka, prefix))
    print(f"{source.made} clicks; {proxy.counts['kept']} ends of transactions kept, "
          f"{proxy.counts['released']} of them released within a later one; errors {dict(proxy.answers)}")
    for line in failed:
        print("wrong: " + line)
    if failed:
        print((project / "log").read_text(errors="replace")[-3000:])
        print(f"the stores and logs are in {folder}")
    else:
        shutil.rmtree(folder)
        chaos.delete_topics(admin, prefix)
    sys.exit(1 if failed else 0)


main()
