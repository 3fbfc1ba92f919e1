"""A project whose every kind of state grows with its input: windows, distinct counts, versions, waiting rows, `unique`,
joins of streams."""
import datetime
import json
import pathlib

from braid_command import Case

SOURCES = """domain shop

stream click
  time at within 10s
  from file "in/click.ndjson" format json
{ id: int, user: string, at: timestamp, price: decimal(12,2) }

table member
  key name
  time at within 10s
  from file "in/member.ndjson" format json
{ name: string, level: int, at: timestamp }
"""
PRODUCTS = """
product spent version 1
  key user, window.start
{
  from click
  window tumbling 2h
  group user { n: count(), total: sum(price), first_price: first(price) }
}

product visit version 1
  key id
  contract { unique user within 2h }
{
  from click
  left join member as m on m.name == user
  select { id, user, at, level: m?.level ?? -1 }
}

product followed version 1
{
  from click
  left join click as later on later.user == user within 1us..40m
  select { id, user, at, next: later?.id ?? -1 }
}
"""


def make_project(case: Case, events: int, users: int, hours: int, script: str = SOURCES + PRODUCTS,
                 user=None) -> pathlib.Path:
    """`user()` gives the number of a user, from 0 to `users` - 1; each alike by default."""
    project = case.directory / "shop"
    (project / "in").mkdir(parents=True)
    (project / "shop.braid").write_text(script)
    begin = datetime.datetime(2026, 1, 1)
    user = user or (lambda: case.random.randrange(users))

    def at(i):
        moment = begin + datetime.timedelta(seconds=i * hours * 3600 // events - case.random.randrange(10))
        return moment.isoformat() + "Z"

    with open(project / "in/click.ndjson", "w") as clicks, open(project / "in/member.ndjson", "w") as members:
        for i in range(events):
            click = {"id": i, "user": f"user-{user()}", "at": at(i), "price": case.random.randrange(10**4) / 100}
            clicks.write(json.dumps(click) + "\n")
            if i % 2 == 0:
                members.write(json.dumps({"name": f"user-{user()}", "level": i % 7, "at": at(i)}) + "\n")
    return project
