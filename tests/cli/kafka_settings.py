#!/usr/bin/env python3
"""What braid.toml may say of Kafka: what is right, what each mistake is answered with, and that no secret is shown.

usage: kafka_settings.py BRAID [--only NAME]    needs no broker
"""
import json
import re
import shutil

from braid_command import INPUT, USAGE, main

SCRIPT_TEXT = """domain shop

stream sale
  time at within 10s
  key id
  from topic "shop.sale.v1" format json
{ id: int, amount: decimal(12,2), at: timestamp }

product big version 2
  key id
{
  from sale
  where amount > 100
  select { id, amount, at }
}

product small version 1 {
  from sale
  where amount < 1
  select { amount, at }
}
"""
CANARY = "canary-b7c1"


def project(case, toml, script=SCRIPT_TEXT):
    folder = case.directory / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "shop.braid").write_text(script)
    (folder / "braid.toml").write_text('[project]\nname = "shop"\n' + toml)
    return folder


def findings(case, toml, *words, code=USAGE, environment=None):
    """Of `braid check` as it tells programs; nothing it writes has the canary."""
    folder = project(case, toml)
    ended = case.braid("check", folder, "--env", "prod", "--json", *words, code=code, environment=environment)
    case.expect(CANARY not in ended.out + ended.err, f"the secret is shown: {ended}")
    shown = case.braid("check", folder, "--env", "prod", *words, code=code, environment=environment)
    case.expect(CANARY not in shown.out + shown.err, f"the secret is shown: {shown}")
    return [json.loads(line) for line in ended.out.splitlines()]


def refused(case, toml, code, text, environment=None):
    found = findings(case, toml, environment=environment)
    case.expect([each["code"] for each in found] == [code], f"expected {code} alone: {found}\n{toml}")
    told = json.dumps(found[0], ensure_ascii=False)
    case.expect(text in told.replace('\\"', '"'), f"expected `{text}` in {told}")


RIGHT = """[env.prod]
brokers = "one:9092,[::1]:9093"
[env.prod.registry]
url = "http://registry:8081,https://other/apis/ccompat/v7"
user = "shop"
password = "env:SHOP_REGISTRY_PASSWORD"
ca = "registry-ca.pem"
[env.prod.kafka]
group = "shop-live"
instance = "env:HOSTNAME"
session_timeout = "45s"
transaction_timeout = "2m"
delivery = "at-least-once"
replication = 3
partitions = 8
compression = "zstd"
snapshots = "snapshots"
standby = "20GB"
security.protocol = "sasl_ssl"
"sasl.mechanism" = "SCRAM-SHA-512"
sasl.username = "braid"
sasl.password = "env:SHOP_PASSWORD"
ssl.ca.pem = "file:ca.pem"
"fetch.min.bytes" = 1000
"socket.nagle.disable" = true
[env.prod.bind]
"shop.sale" = { topic = "sales", format = "json", start = { 0 = 12, 1 = 40 } }
"shop.big" = { topic = "big", partitions = 8, retention = "7d", compaction = true }
"shop.small" = { format = "csv", options = { separator = ";" } }
"""


def all_that_is_right(case):
    """Secrets are looked for at start, not by check."""
    case.expect(findings(case, RIGHT, code=0) == [], "no finding is expected")
    for start in ('"earliest"', '"latest"', '"2026-01-31T00:00:00Z"', "2026-01-31T00:00:00Z"):
        toml = f'[env.prod]\nbrokers = "a:1"\n[env.prod.bind]\n"shop.sale" = {{ start = {start} }}\n'
        case.expect(findings(case, toml, code=0) == [], f"{start} is right")


KAFKA = '[env.prod]\nbrokers = "a:9092"\n[env.prod.kafka]\n'


def wrong_settings(case):
    for line, code, text in (
            ('"sasl.usernam" = "x"', "E7040", "did you mean `sasl.username`?"),
            ('sesion_timeout = "10s"', "E7040", "did you mean `session_timeout`?"),
            ('"no.such" = 1', "E7040", "of the client: broker.address.family"),
            ('"ssl.ca.location" = "/x"', "E7041", "use `ssl.ca.pem`"),
            ('"sasl.kerberos.kinit.cmd" = "rm -r /"', "E7041", "runs a command"),
            ('"plugin.library.paths" = "x.so"', "E7041", "loads code"),
            ('acks = "1"', "E7041", "`delivery` chooses"),
            ('"group.id" = "x"', "E7041", "use `group`"),
            ('"auto.offset.reset" = "latest"', "E7041", "the `start` of a binding"),
            ('session_timeout = "10"', "E7017", "a duration from 1s to 30m"),
            ('session_timeout = "31m"', "E7017", "a duration from 1s to 30m"),
            ('transaction_timeout = 60', "E7017", "a text in quotes"),
            ('transaction_timeout = "16m"', "E7017", "a duration from 1s to 15m"),
            ('delivery = "at-most-once"', "E7017", '"exactly-once" or "at-least-once"'),
            ('replication = 0', "E7017", "a number from 1 to 100"),
            ('partitions = "8"', "E7017", "a number from 1 to 100000"),
            ('compression = "brotli"', "E7017", "one of none, gzip, snappy, lz4, zstd"),
            ('group = ""', "E7017", "not empty"),
            ('snapshots = "s"\nstandby = "20"', "E7017", 'a size of at least 8MB, like "20GB"'),
            ('standby = "20GB"', "E7017", "`snapshots` beside it"),
            ('"fetch.min.bytes" = [1]', "E7017", "a text, a number, true or false"),
            ('"sasl.username" = "braid"', "E7017", "where `sasl.username` is set"),
            ('"ssl.ca.pem" = "file:ca.pem"', "E7017", '"ssl" or "sasl_ssl"'),
            ('"security.protocol" = "plaintext"\n"ssl.ca.pem" = "file:ca.pem"', "E7017", "plaintext"),
            ('"security.protocol" = "sasl_ssl"\n"sasl.oauthbearer.token.endpoint.url" = "http://x/token"', "E7017",
             "begins with https://"),
            ('group = "a"\n[env.prod.bind]\n"shop.sal" = { topic = "t" }', "E7007", "did you mean `shop.sale`?"),
    ):
        refused(case, KAFKA + line + "\n", code, text)
    refused(case, '[env.prod]\nbrokers = "a:9092"\ndelivery = "exactly-once"\n[env.prod.kafka]\n'
            'delivery = "exactly-once"\n', "E7017", "set twice")


REGISTRY = '[env.prod]\nbrokers = "a:9092"\n[env.prod.registry]\nurl = "http://r:8081"\n'


def wrong_registries(case):
    for toml, code, text in (
            (REGISTRY + 'usr = "x"', "E7040", "did you mean `user`?"),
            (REGISTRY + 'user = "x"', "E7017", "because `user` is set"),
            (REGISTRY + 'password = "env:X"', "E7017", "because `password` is set"),
            (REGISTRY + 'user = "x"\npassword = "env:X"\ntoken = "env:Y"', "E7017", "a token, or user and password"),
            (REGISTRY.replace("http://r", "r"), "E7017", "addresses like"),
            (REGISTRY.replace("8081", "8081,"), "E7017", "addresses like"),
            ('[env.prod]\nbrokers = "a:9092"\n[env.prod.registry]\nca = "x"', "E7017", "the address of the registry"),
            ('[env.prod]\nbrokers = "a:9092"\nregistry = "http://r"', "E7017", "[env.prod.registry]"),
            ('[env.prod.registry]\nurl = "http://r"', "E7054", "[env.prod.registry] needs the `brokers`"),
            ('[env.prod]\nbrokers = "a:9092"\nschema_registry = "http://r"', "E7004", "schema_registry"),
    ):
        refused(case, toml + "\n", code, text)


def wrong_environments(case):
    for toml, code, text in (
            ('brokers = "localhost"', "E7017", "addresses like"),
            ('brokers = "http://a:9092"', "E7017", "addresses like"),
            ('brokers = "a:9092,"', "E7017", "addresses like"),
            ('brokers = "a:99999"', "E7017", "addresses like"),
            ('brokers = 9092', "E7017", "a text in quotes"),
            ('delivery = "exactly-once"', "E7054", "`delivery` needs the `brokers`"),
            ('[env.prod.kafka]\ngroup = "x"', "E7054", "[env.prod.kafka] needs the `brokers`"),
            ('brokers = "a:9092"\ngroup = "x"', "E7004", "belong in [env.prod.kafka]"),
            ('[env.prod.bind]\n"shop.sale" = { topic = "t" }', "E7054", "the topic of `shop.sale`"),
    ):
        refused(case, "[env.prod]\n" + toml + "\n", code, text)


def wrong_bindings(case):
    for line, code, text in (
            ('"shop.sale" = { topic = "t", start = "begin" }', "E7017", "`start` takes"),
            ('"shop.sale" = { topic = "t", start = { 0 = -1 } }', "E7017", "`start` takes"),
            ('"shop.sale" = { topic = "t", partitions = 4 }', "E7055", "products, not for sources"),
            ('"shop.sale" = { topic = "t", file = "x" }', "E7055", "one of them"),
            ('"shop.sale" = { file = "x", start = "latest" }', "E7055", "topics, not for files"),
            ('"shop.sale" = { topik = "t" }', "E7004", "topic"),
            ('"shop.big" = { topic = "t", start = "latest" }', "E7055", "sources, not for products"),
            ('"shop.big" = { file = "x" }', "E7055", "named in [env.prod.out]"),
            ('"shop.big" = { topic = "t", partitions = 0 }', "E7017", "a number from 1 to 100000"),
            ('"shop.big" = { topic = "t", retention = 7 }', "E7017", "a duration like"),
            ('"shop.big" = { topic = "t", compaction = "yes" }', "E7017", "true or false"),
            ('"shop.big" = { topic = "t" }\n[env.prod.out]\n"shop.big" = { file = "x" }', "E7055", "binds to no file"),
    ):
        refused(case, '[env.prod]\nbrokers = "a:9092"\n[env.prod.bind]\n' + line + "\n", code, text)


def bindings_that_do_not_fit_the_scripts(case):
    for lines, code, text in (
            ('"shop.sale" = { topic = "a b" }', "E7058", "`a b` cannot be the name of a topic"),
            ('"shop.big" = { topic = "same" }\n"shop.small" = { topic = "same" }', "E7056", "`same`"),
            ('"shop.big" = { topic = "shop.sale.v1" }', "E7057", "`shop.sale` reads it"),
            ('"shop.small" = { compaction = true }', "E7059", "`shop.small` has no key"),
            ('"shop.sale" = { format = "csv" }', "E7017", "header = false"),
            ('"shop.sale" = { format = "avro" }', "E7065", "[env.prod.registry] url ="),
            ('"shop.big" = { format = "avro" }', "E7065", "`shop.big` is Avro"),
            ('"shop.sale" = { format = "debezium" }', "E7068", "`shop.sale` is a stream"),
            ('"shop.sale" = { format = "avro", options = { schema = "no.avsc" } }', "E7066", "no.avsc"),
            ('"shop.sale" = { format = "json", options = { schema = "no.avsc" } }', "E7066", "for `avro` and `protobuf` of a topic"),
            ('"shop.sale" = { format = "protobuf" }', "E7112", "[env.prod.registry] url ="),
            ('"shop.big" = { format = "protobuf" }', "E7112", "`shop.big` is Protobuf"),
            ('"shop.sale" = { format = "protobuf", options = { message = "M" } }', "E7017", "`schema` beside it"),
            ('"shop.sale" = { file = "x.ndjson", format = "protobuf" }', "E7069", "read from topics only"),
            ('"shop.sale" = { format = "raw" }', "E7111", "fields"),
            ('"shop.big" = { format = "raw" }', "E7111", "columns"),
            ('"shop.sale" = { file = "x.ndjson", format = "debezium", options = { encoding = "avro" } }', "E7069", "read from topics only"),
    ):
        folder = project(case, '[env.prod]\nbrokers = "a:9092"\n[env.prod.bind]\n' + lines + "\n")
        for command in ("check", "run", "explain"):
            ended = case.braid(command, folder, "--env", "prod", code=USAGE, finding=code)
            case.expect(text in ended.err, f"expected `{text}`: {ended}")


def a_topic_keeps_rows_as_long_as_is_promised(case):
    script = SCRIPT_TEXT.replace("product small version 1 {", "product small version 1\n  contract { keep 30d }\n{")
    for binding, kept in (('format = "csv"', "kept 30d"), ('retention = "31d"', "kept 31d"), ('retention = "forever"', "kept forever")):
        folder = project(case, f'[env.prod]\nbrokers = "a:9092"\n[env.prod.bind]\n"shop.small" = {{ {binding} }}\n', script)
        shown = case.braid("explain", folder, "--env", "prod").out
        case.expect(kept in shown, f"`{kept}` is missing: {shown}")
    folder = project(case, '[env.prod]\nbrokers = "a:9092"\n[env.prod.bind]\n"shop.small" = { retention = "7d" }\n', script)
    told = case.braid("check", folder, "--env", "prod", code=USAGE, finding="E7403")
    case.expect("`keep 30d`" in told.err and "for 7d" in told.err, f"{told}")


def secrets_are_never_shown(case):
    """Written out, misspelt, in the wrong place, in one line with another mistake."""
    for toml, code in (
            (KAFKA + f'"sasl.password" = "{CANARY}"', "E7042"),
            (KAFKA + f'sasl.password = "{CANARY}"', "E7042"),
            (KAFKA + f'"ssl.key.pem" = """\n{CANARY}\n"""', "E7042"),
            (KAFKA + f'"sasl.pasword" = "{CANARY}"', "E7040"),
            (KAFKA + f'"sasl.jaas.config" = "{CANARY}"', "E7041"),
            (KAFKA + f'"sasl.password" = ["{CANARY}"]', "E7017"),
            ('[env.prod]\nbrokers = "a:9092"\nkafka = { "sasl.password" = "%s" }' % CANARY, "E7042"),
            ('[env.prod]\nbrokers = "a:9092"\nkafka = { sesion = 1, sasl.password = "%s" }' % CANARY, "E7040"),
            (f'[env.prod]\nbrokers = "a:9092"\n"sasl.password" = "{CANARY}"', "E7004"),
            (f'[env.prod]\nbrokers = "a:9092"\nsasl.password = "{CANARY}"', "E7004"),
            (f'[env.prod]\nbrokers = "a:9092"\ntoken = "{CANARY}"', "E7004"),
            (REGISTRY + f'token = "{CANARY}"', "E7042"),
            (REGISTRY + f'user = "u"\npassword = "{CANARY}"', "E7042"),
            (REGISTRY + f'token = ["{CANARY}"]', "E7017"),
            (REGISTRY + f'pasword = "{CANARY}"', "E7040"),
            (REGISTRY.replace("//r", f"//u:{CANARY}@r"), "E7017"),
            (f'[env.prod]\nbrokers = "a:9092"\nregistry = {{ tokn = "{CANARY}" }}', "E7040"),
    ):
        found = findings(case, toml + "\n")
        case.expect(found[0]["code"] == code, f"expected {code} first: {found}\n{toml}")
        case.expect("braid.toml:" in json.dumps(found[0]), f"no place is named: {found}")


def check_and_explain_show_topics(case):
    folder = project(case, RIGHT)
    for command in ("check", "explain"):
        out = case.braid(command, folder, "--env", "prod").out
        for line in ("shop.sale reads sales, json, from offset 12 in partition 0, 40 in partition 1",
                     "shop.big version 2 writes big, json, 8 partitions, kept 7d, compacted",
                     "shop.small version 1 writes shop.small.v1, csv"):
            case.expect(f"  {line}\n" in out, f"expected `{line}` of {command}: {out}")


def explain_shows_stages(case):
    by_amount = SCRIPT_TEXT + """
product day version 1 {
  from sale
  window tumbling 1d
  group amount { n: count() }
}
"""
    out = case.braid("explain", project(case, RIGHT, by_amount), "--env", "prod").out
    for line in (r"  0 reads sales", r"  0 sends to GROUP\.repartition\.[0-9a-f]{16} for `.*group.*`",
                 r"  1 reads GROUP\.repartition\.[0-9a-f]{16}"):
        case.expect(re.search("^" + line + "$", out, re.MULTILINE), f"expected `{line}`: {out}")
    out = case.braid("explain", project(case, RIGHT), "--env", "prod").out
    case.expect("stages" not in out, f"a job of one stage has none: {out}")


def a_dry_run_asks_the_brokers(case):
    folder = project(case, KAFKA + 'group = "x"\n')
    case.braid("dry-run", folder, "--env", "prod", code=INPUT, finding="E7046")


def files_in_an_environment_with_brokers(case):
    """`--input` reads a file whatever is bound."""
    folder = project(case, KAFKA + 'group = "x"\n')
    (folder / "sales.ndjson").write_text('{"id":1,"amount":200,"at":"2026-01-01T00:00:00Z"}\n')
    ended = case.braid("dry-run", folder, "--env", "prod", "--input", f"sale={folder}/sales.ndjson", "--format", "json")
    case.expect('"amount":200' in ended.out, f"{ended}")


if __name__ == "__main__":
    main([all_that_is_right, wrong_settings, wrong_registries, wrong_environments, wrong_bindings,
          bindings_that_do_not_fit_the_scripts, a_topic_keeps_rows_as_long_as_is_promised,
          secrets_are_never_shown, check_and_explain_show_topics, explain_shows_stages,
          a_dry_run_asks_the_brokers, files_in_an_environment_with_brokers])
