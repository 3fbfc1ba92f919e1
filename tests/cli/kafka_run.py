#!/usr/bin/env python3
"""The command against real brokers: what a person meets who binds a job to them.

usage: kafka_run.py BRAID --tool TOPIC_TOOL --port PORT --authority CA_PEM [--only NAME]    (scripts/kafka up --secure)
"""
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from braid_command import DONE, USAGE, main

SCRIPT_TEXT = """domain shop

stream sale
  time at within 10s
  key id
  from topic "shop.sale.v1" format json
{ id: int, amount: decimal(12,2), at: timestamp }

product big version 1
  key id
{
  from sale
  where amount > 100
  select { id, amount, at }
}
"""
CANARY = "canary-b7c1"
SECURE = '''[env.prod.kafka]
security.protocol = "sasl_ssl"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "{user}"
sasl.password = "env:SHOP_PASSWORD"
ssl.ca.pem = "file:ca.pem"
'''


def topic(case, partitions=2):
    """A topic of its own, so that tests can be run again on the same broker."""
    name = f"cli.{int(time.time() * 1000)}.{case.random.randrange(10000)}"
    tool(case, "make", name, partitions)
    return name


def tool(case, *words, text=None):
    made = subprocess.run([case.options.tool, f"127.0.0.1:{case.options.port}", *map(str, words)], input=text,
                          capture_output=True, text=True, timeout=60)
    case.expect(made.returncode == 0, f"{words}: {made.stderr}")


def run(case, brokers, kafka="", bind="", finding=None, environment=None, code=USAGE):
    """A run to the end that the topics have. `finding`: with which it fails."""
    folder = case.directory / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(case.options.authority, folder / "ca.pem")
    (folder / "shop.braid").write_text(SCRIPT_TEXT)
    (folder / "braid.toml").write_text(
        f'[project]\nname = "shop-{case.random.randrange(1 << 40)}"\n[env.prod]\nbrokers = "{brokers}"\n{kafka}\n[env.prod.bind]\n{bind}\n')
    began = time.monotonic()
    code = code if finding else DONE
    ended = case.braid("run", folder, "--env", "prod", "--until", "caught-up", code=code, environment=environment)
    took = time.monotonic() - began
    case.expect(ended.codes == ([finding] if finding else []), f"expected {finding} alone: {ended}")
    case.expect(took < 25, f"took {took:.1f} s: {ended}")
    case.expect(CANARY not in ended.err + ended.out, f"a secret is shown: {ended}")
    case.expect("%3|" not in ended.err and "rdkafka#" not in ended.err, f"the log of the library is shown: {ended}")
    return ended.err


def plain(case):
    return f"127.0.0.1:{case.options.port}"


def secure(case):
    return f"localhost:{case.options.port + 20}"


def told(case, text, *parts):
    for part in parts:
        case.expect(part in text, f"expected `{part}` in: {text}")


def a_plain_broker(case):
    run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{topic(case)}" }}')


def a_login_by_scram_over_tls(case):
    bind = f'"shop.sale" = {{ topic = "{topic(case)}" }}'
    run(case, secure(case), SECURE.format(user="braid"), bind, environment={"SHOP_PASSWORD": "braid"})
    # The password in a file, with a line end; all of it under TLS.
    (case.directory / "password").write_text("braid\n")
    by_file = SECURE.replace("env:SHOP_PASSWORD", f"file:{case.directory}/password")
    run(case, secure(case), by_file.format(user="braid"), bind)


def a_wrong_password(case):
    text = run(case, secure(case), SECURE.format(user="braid"), finding="E7048",
               environment={"SHOP_PASSWORD": CANARY})
    told(case, text, secure(case), "refuses the login")


def secrets_that_are_not_there(case):
    text = run(case, secure(case), SECURE.format(user="braid"), finding="E7014", environment={"SHOP_PASSWORD": None})
    told(case, text, "`SHOP_PASSWORD` is not set")
    run(case, secure(case), SECURE.format(user="braid"), finding="E7043", environment={"SHOP_PASSWORD": ""})
    missing = SECURE.format(user="braid").replace("env:SHOP_PASSWORD", "file:no-such-file")
    told(case, run(case, secure(case), missing, finding="E7001", code=3), "no-such-file")


def an_authority_that_is_not_trusted(case):
    untrusted = SECURE.format(user="braid").replace("ssl.ca.pem = \"file:ca.pem\"\n", "")
    text = run(case, secure(case), untrusted, finding="E7047", environment={"SHOP_PASSWORD": "braid"})
    told(case, text, "`ssl.ca.pem`")
    case.expect("ssl.ca.location" not in text, f"names a setting that is refused: {text}")


def a_wrong_port(case):
    """TLS where there is none, and none where there is TLS."""
    text = run(case, plain(case), SECURE.format(user="braid"), finding="E7047", environment={"SHOP_PASSWORD": "braid"})
    told(case, text, plain(case))
    text = run(case, secure(case), finding="E7046")
    told(case, text, secure(case))


def no_broker(case):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
        told(case, run(case, nobody, finding="E7046"), nobody, "Connection refused")
    told(case, run(case, "no-such-host.invalid:9092", finding="E7046"), "no-such-host.invalid:9092", "resolve")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        told(case, run(case, f"127.0.0.1:{silent.getsockname()[1]}", finding="E7046"), "no broker answers")


def a_topic_that_is_missing(case):
    name = topic(case)
    text = run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{name}x" }}', finding="E7049")
    told(case, text, f"`{name}x` does not exist, and `shop.sale` reads it", f"`{name}`")


def topics_with_other_partitions(case):
    sale, big = topic(case), topic(case, 3)
    text = run(case, plain(case), finding="E7051",
               bind=f'"shop.sale" = {{ topic = "{sale}" }}\n"shop.big" = {{ topic = "{big}", partitions = 4 }}')
    told(case, text, f"`{big}` has 3 partitions, and `shop.big` asks for 4")
    text = run(case, plain(case), bind=f'"shop.sale" = {{ topic = "{sale}", start = {{ 2 = 0 }} }}', finding="E7052")
    told(case, text, "2 partitions, from 0 to 1")


def no_rights(case):
    bind = f'"shop.sale" = {{ topic = "{topic(case)}" }}'
    text = run(case, secure(case), SECURE.format(user="guest"), bind, finding="E7050",
               environment={"SHOP_PASSWORD": "guest"})
    told(case, text, "`Describe` on the topic `cli.")


def values_that_the_client_refuses(case):
    text = run(case, plain(case), '[env.prod.kafka]\n"security.protocol" = "tls"', finding="E7044")
    told(case, text, "`security.protocol`")
    key = SECURE.format(user="braid") + 'ssl.key.pem = "env:SHOP_KEY"\n'
    run(case, secure(case), key, finding="E7044", environment={"SHOP_PASSWORD": "x", "SHOP_KEY": CANARY})


def an_installation_without_the_client(case):
    """The binary alone, as it is copied to another place."""
    alone = case.directory / "bin" / "braid"
    alone.parent.mkdir()
    shutil.copy(case.binary, alone)
    case.binary = str(alone)
    told(case, run(case, plain(case), finding="E7045"), "libbraid_kafka.so")


def options(parser):
    parser.add_argument("--tool", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--authority", type=pathlib.Path, required=True)


def broker_answers():
    """Where Kafka cannot be had, the test is skipped."""
    port = int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0
    try:
        socket.create_connection(("127.0.0.1", port + 20), timeout=5).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    if "--port" in sys.argv and not broker_answers():
        print("skipped: no secure broker answers (scripts/kafka up --secure)")
        sys.exit(77)
    main([a_plain_broker, a_login_by_scram_over_tls, a_wrong_password, secrets_that_are_not_there,
          an_authority_that_is_not_trusted, a_wrong_port, no_broker, a_topic_that_is_missing,
          topics_with_other_partitions, no_rights, values_that_the_client_refuses,
          an_installation_without_the_client], options)
