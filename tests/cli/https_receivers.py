#!/usr/bin/env python3
"""Receivers of alerts and of lineage behind `https://`: with an authority of their own, with another one, and away.

    https_receivers.py BRAID [--only NAME]    77 if there is no openssl to make certificates with
"""
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from braid_command import DONE, USAGE, Case, main  # noqa: E402
from receiver import Receiver  # noqa: E402

SCRIPT = """domain d

stream s
  time at within 0s
  idle never
  from file "in/*.ndjson" format json
{ a: int, at: timestamp }

product newest
  contract { fresh within 1s }
{
  from s
}
"""


def openssl(folder: pathlib.Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certificates(folder: pathlib.Path) -> ssl.SSLContext:
    """`ca.pem` has signed for a server at localhost, `other.pem` has not."""
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out",
            "server.csr")
    openssl(folder, "x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", "names", "-out", "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


class Told:
    """A job that follows its input and tells two receivers, each with its own settings."""

    def __init__(self, case: Case, alerts: str, lineage: str):
        self.case, self.folder = case, case.directory / "job"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "in").mkdir(exist_ok=True)
        (self.folder / "main.braid").write_text(SCRIPT)
        (self.folder / "braid.toml").write_text(
            f'[project]\nname = "told"\n[env.dev.alerts]\n{alerts}\n[env.dev.lineage]\nevery = "1s"\n{lineage}\n')
        self.log = open(case.directory / "log", "w+")
        self.process = None

    def write(self) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1000 % 1000000:06}Z"
        with (self.folder / "in/0.ndjson").open("a") as grown:
            grown.write(f'{{"a":1,"at":"{at}"}}\n')

    def __enter__(self):
        self.write()
        self.process = self.case.start("run", self.folder, "--follow", "--log", "json", stderr=self.log)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.log.close()

    def text(self) -> str:
        return pathlib.Path(self.log.name).read_text()

    def wait(self, holds, text: str, seconds=60) -> None:
        end = time.monotonic() + seconds
        while not holds():
            self.case.expect(time.monotonic() < end and self.process.poll() is None, f"{text}: {self.text()[-2000:]}")
            time.sleep(0.05)

    def warned(self, code: str) -> list:
        lines = [line for line in self.text().splitlines() if line.startswith("{")]
        return [event["message"] for event in map(json.loads, lines) if event.get("code") == code]

    def stop(self) -> None:
        self.process.terminate()
        self.case.expect(self.process.wait(60) == DONE, self.text())


def settings(alerts: Receiver, lineage: Receiver, ca: str) -> tuple:
    more = f'ca = "{ca}"\n' if ca else ""
    return (f'webhook = "https://localhost:{alerts.server_port}"\n{more}',
            f'to = "https://localhost:{lineage.server_port}"\ntoken = "file:../token"\n{more}')


def receivers_with_their_own_authority(case: Case) -> None:
    """They are told; with a path that starts in the project, and the token goes along."""
    context = certificates(case.directory)
    (case.directory / "token").write_text("sesame\n")
    alerts, lineage = Receiver(0, tls=context), Receiver(0, tls=context)
    with Told(case, *settings(alerts, lineage, "../ca.pem")) as job:
        job.wait(lambda: alerts.bodies() and len(lineage.bodies()) >= 2, "nobody was told")
        case.expect(alerts.bodies()[0][0]["labels"]["promise"] == "fresh within 1s", f"{alerts.bodies()}")
        case.expect(lineage.bodies()[0]["eventType"] == "START", f"{lineage.bodies()}")
        case.expect({headers["Authorization"] for _, headers, _ in lineage.requests} == {"Bearer sesame"}, "no token")
        job.stop()
        case.expect(lineage.bodies()[-1]["eventType"] == "ABORT", f"{lineage.bodies()[-1]}")
        case.expect(not job.warned("W7402") and not job.warned("W7314"), job.text())


def receivers_whose_authority_is_not_trusted(case: Case) -> None:
    """The job goes on, says why, and sends them nothing: neither what it tells nor its token."""
    context = certificates(case.directory)
    (case.directory / "token").write_text("sesame\n")
    for ca in ("../other.pem", ""):  # the machine's list does not have it either
        alerts, lineage = Receiver(0, tls=context), Receiver(0, tls=context)
        with Told(case, *settings(alerts, lineage, ca)) as job:
            job.wait(lambda: job.warned("W7402") and job.warned("W7314"), "nothing says that nobody is told")
            for code in ("W7402", "W7314"):
                case.expect("certificate" in job.warned(code)[0] and "https://localhost" in job.warned(code)[0],
                            f"{job.warned(code)}")
            job.stop()
        case.expect(not alerts.requests and not lineage.requests, f"{alerts.requests} {lineage.requests}")


def an_authority_that_is_not_there(case: Case) -> None:
    """The file is named, and the job goes on."""
    context = certificates(case.directory)
    (case.directory / "token").write_text("sesame\n")
    alerts, lineage = Receiver(0, tls=context), Receiver(0, tls=context)
    with Told(case, *settings(alerts, lineage, "no-such.pem")) as job:
        job.wait(lambda: job.warned("W7402") and job.warned("W7314"), "nothing says that nobody is told")
        case.expect(all("no-such.pem" in job.warned(code)[0] for code in ("W7402", "W7314")), job.text())
        job.stop()
    for section, line in (("alerts", 'webhook = "https://a:1"\nca = 3'), ("lineage", 'to = "https://a:1"\nca = 3'),
                          ("alerts", 'webhook = "https://a:1"\ncert = "ca.pem"')):
        (case.directory / "job/braid.toml").write_text(f'[project]\nname = "told"\n[env.dev.{section}]\n{line}\n')
        refused = case.braid("check", case.directory / "job", code=USAGE)
        case.expect("braid.toml:5" in refused.err, f"{refused}")


def receivers_that_are_away_and_come_back(case: Case) -> None:
    """What waits is sent then: each event of lineage once, and the alert as it stands."""
    context = certificates(case.directory)
    (case.directory / "token").write_text("sesame\n")
    alerts, lineage = Receiver(0, tls=context), Receiver(0, tls=context)
    ports = alerts.server_port, lineage.server_port
    with Told(case, *settings(alerts, lineage, "../ca.pem")) as job:
        job.wait(lambda: alerts.bodies() and lineage.bodies(), "nobody was told")
        before = len(lineage.bodies())
        alerts.end()
        lineage.end()
        job.wait(lambda: job.warned("W7314"), "nothing says that nobody is told")
        time.sleep(2)
        again = Receiver(0, tls=context, port=ports[1])
        once_more = Receiver(0, tls=context, port=ports[0])

        def all_told() -> bool:
            job.write()  # the promise is met again
            return len(again.bodies()) >= 4 and bool(once_more.bodies())

        job.wait(all_told, "nobody is told of what waited")
        job.stop()
    times = [event["eventTime"] for event in lineage.bodies()[:before] + again.bodies()]
    case.expect(times == sorted(times) and len(times) == len(set(times)), f"not each once and in order: {times}")
    case.expect(again.bodies()[-1]["eventType"] == "ABORT", f"{again.bodies()[-1]}")
    last = once_more.bodies()[-1][0]
    case.expect(last["labels"]["promise"] == "fresh within 1s", f"{last}")


if __name__ == "__main__":
    if shutil.which("openssl") is None:
        print("skipped: there is no openssl to make certificates with", file=sys.stderr)
        sys.exit(77)
    main([receivers_with_their_own_authority, receivers_whose_authority_is_not_trusted, an_authority_that_is_not_there,
          receivers_that_are_away_and_come_back])
