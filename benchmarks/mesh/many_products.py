#!/usr/bin/env python3
"""What a large mesh costs: many_products.py BRAID [--domains 20] [--products 50] [--publications 200]

Writes 20 projects with 50 products of 22 fields each, in chains over the domains, publishes them to one registry, and
measures, as processor time of the command: the check of one project that holds all domains; the first publish of one
domain, one that changes a product, and one that changes nothing; the check of a project that reads other domains; and
what a publish costs when the domain has published many times before.
"""
import argparse
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile

FIELDS = 20


def script(domain: int, products: int) -> str:
    uses = [number for number in range(3, products, 3)] if domain > 0 else []
    text = f'domain dom{domain}\n  owner "team{domain}@corp.example"\n\n'
    text += "".join(f"use dom{domain - 1}.p{number} as up{number}\n" for number in uses)
    fields = "".join(f"  f{i}: {'string #pii' if i % 7 == 3 else 'int'},\n" for i in range(FIELDS))
    text += f'\nstream s\n  time at within 10s\n  from file "s.ndjson" format json\n{{\n  at: timestamp,\n  id: int,\n{fields}}}\n'
    text += "\npolicy personal on #pii { mask with sha256 }\n"
    for number in range(products):
        source = f"up{number}" if number in uses else "s" if number == 0 else f"p{number - 1}"
        step = "select { .., f0: f0 + 1 }" if number % 10 == 5 else f"where f1 > {number}"
        text += (f"\nproduct p{number} version 1\n  key id\n  contract {{ fresh within 1h }}\n  allow read to anyone\n"
                 f"{{\n  from {source}\n  {step}\n}}\n")
    return text


def cpu_of(*command) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("braid", type=pathlib.Path)
    parser.add_argument("--domains", type=int, default=20)
    parser.add_argument("--products", type=int, default=50)
    parser.add_argument("--publications", type=int, default=200)
    options = parser.parse_args()
    braid, root = options.braid.resolve(), pathlib.Path(tempfile.mkdtemp(prefix="braid_mesh_"))
    try:
        whole = root / "whole"
        whole.mkdir()
        (whole / "braid.toml").write_text('[project]\nname = "whole"\n')
        for domain in range(options.domains):
            text = script(domain, options.products)
            (whole / f"dom{domain}.braid").write_text(text)
            project = root / f"dom{domain}"
            project.mkdir()
            (project / "dom.braid").write_text(text)
            (project / "braid.toml").write_text(
                f'[project]\nname = "dom{domain}"\n[mesh]\nregistry = "../registry"\nkey = "key.pem"\n[env.dev]\nstore = "store"\n')
            subprocess.run([braid, "mesh", "key", "new", project / "key.pem"], check=True, stdout=subprocess.DEVNULL)
        count = options.domains * options.products
        print(f"{count:,} products, {count * (FIELDS + 2):,} fields; seconds of processor time")
        print(f"check of all domains as one project   {statistics.median(cpu_of(braid, 'check', whole) for _ in range(5)):.2f}")
        first = [cpu_of(braid, "publish", root / f"dom{domain}") for domain in range(options.domains)]
        print(f"first publish of a domain             {statistics.median(first):.2f} (the last one {first[-1]:.2f})")
        last = root / f"dom{options.domains - 1}"
        print(f"check of a domain that reads another  {statistics.median(cpu_of(braid, 'check', last) for _ in range(5)):.2f}")
        (last / "dom.braid").write_text((last / "dom.braid").read_text().replace("fresh within 1h", "fresh within 30m", 1))
        print(f"publish of a changed product          {cpu_of(braid, 'publish', last):.2f}")
        print(f"publish of nothing new                {statistics.median(cpu_of(braid, 'publish', last) for _ in range(5)):.2f}")
        text, costs = (last / "dom.braid").read_text(), []
        for number in range(options.publications):
            (last / "dom.braid").write_text(text.replace("fresh within 1h", f"fresh within {number + 60}s"))
            costs.append(cpu_of(braid, "publish", last))
        print(f"publish of {options.products - 1} changed products       {statistics.median(costs[:5]):.2f}, "
              f"behind {options.publications} publications {statistics.median(costs[-5:]):.2f}")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
