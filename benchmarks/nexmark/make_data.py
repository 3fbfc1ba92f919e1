#!/usr/bin/env python3
"""Makes the input: make_data.py OUT_DIR [--events 10000000]

Builds the generator of `generate/` (the crate `nexmark` from crates.io, so it needs cargo) and writes person.ndjson,
auction.ndjson, bid.ndjson and counts.json. Ten million events take some 2.7 GB.
"""
import argparse
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args()
    built = HERE.parents[1] / "build" / "nexmark"
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", "--manifest-path", HERE / "generate/Cargo.toml",
                    "--target-dir", built], check=True)
    subprocess.run([built / "release" / "nexmark_generate", str(options.events), options.out], check=True)
    print((options.out / "counts.json").read_text().strip())


if __name__ == "__main__":
    main()
