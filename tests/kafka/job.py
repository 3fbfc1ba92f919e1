"""A job over a broker that a test starts and ends. A failure ends the test with a word."""
import pathlib
import signal
import subprocess
import sys
import time


def fail(text):
    print(f"{pathlib.Path(sys.argv[0]).stem}: {text}", file=sys.stderr)
    sys.exit(1)


def skip(text):
    print(f"skipped: {text}")
    sys.exit(77)


class Job:
    """`words` stand behind each `braid run --env prod`."""

    def __init__(self, braid, folder, script, settings, *words):
        self.braid, self.folder, self.words = braid, folder, words
        folder.mkdir()
        self.write_script(script)
        (folder / "braid.toml").write_text(settings)
        self.log = open(folder / "log", "w")
        self.process = None

    def write_script(self, script):
        (self.folder / "shop.braid").write_text(script)

    def start(self, *words):
        self.process = subprocess.Popen([self.braid, "run", self.folder, "--env", "prod", *self.words, *words],
                                        stdout=self.log, stderr=self.log)

    def told(self):
        return (self.folder / "log").read_text()

    def check(self):
        if self.process.poll() not in (None, 0):
            fail(f"a job ended with {self.process.returncode}:\n{self.told()[-3000:]}")

    def wait_for(self, text, seconds=60):
        end = time.time() + seconds
        while text not in self.told():
            if time.time() > end or self.process.poll() is not None:
                fail(f"`{text}` does not stand in the log:\n{self.told()[-3000:]}")
            time.sleep(0.1)

    def end(self, how=signal.SIGTERM, code=0):
        self.process.send_signal(how)
        if self.process.wait(60) != code:
            fail(f"a job ended with {self.process.returncode}:\n{self.told()[-3000:]}")
