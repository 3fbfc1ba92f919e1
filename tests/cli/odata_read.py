#!/usr/bin/env python3
"""Products over OData: a client of others (python-odata) and one by the letter read what the product's file has, while the
job runs; and the traps that Excel and Power BI fall into.

    odata_read.py BRAID [--only NAME] [--seed N] [--keep]
"""
import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import python_packages

PACKAGES = ["python-odata==0.8.1", "requests==2.34.2"]
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
CUSTOMERS, DEAR, WINDOWS = "shop_customer_v1", "shop_dear_v1", "shop_sale_per_minute_v1"


def root(job, flat=False) -> str:
    return f"http://127.0.0.1:{job.address[1]}/odata" + ("/flat" if flat else "")


def ask(job, path: str, query=None, status=200, **headers):
    """An answer, whose headers every answer must have."""
    target = "/odata" + path + ("?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote) if query else "")
    answer = job.get(target, None, **headers)
    job.case.expect(answer.status == status, f"{target}: {answer.status} and not {status}: {answer.text}")
    job.case.expect(answer.getheader("OData-Version") in ("4.0", "4.01"), f"{target}: no version: {answer.getheaders()}")
    if answer.status != 204:
        job.case.expect(answer.getheader("Content-Type"), f"{target}: no content type")
    if "json" in (answer.getheader("Content-Type") or ""):
        answer.json = json.loads(answer.text)
    if status >= 400:
        error = answer.json["error"]
        job.case.expect(error["code"] and error["message"], f"{target}: no error of OData: {answer.text}")
    return answer


def rows(job, entity_set: str, query=None, page=None) -> list:
    """All rows, along the links, each of which is absolute; of one epoch."""
    found, epochs, query, headers = [], set(), dict(query or {}), {}
    if page:
        headers["Prefer"] = f"odata.maxpagesize={page}"
    path = "/" + entity_set
    while True:
        answer = ask(job, path, query, **headers)
        context = answer.json["@odata.context"]
        job.case.expect(context.startswith(f"{root(job)}/$metadata#{entity_set}"), f"a wrong context: {context}")
        found += answer.json["value"]
        epochs.add(answer.getheader("Braid-Epoch"))
        link = answer.json.get("@odata.nextLink")
        if link is None:
            job.case.expect(len(epochs) == 1, f"pages of several epochs: {epochs}")
            return found
        job.case.expect(link.startswith(root(job) + path + "?") and "$skiptoken=" in link, f"a wrong link: {link}")
        query = dict(urllib.parse.parse_qsl(link.split("?", 1)[1], keep_blank_values=True))


def expected_customers(shop) -> list:
    table = shop.table()
    return [table[key] for key in sorted(table)]


def a_client_of_others_reads_the_same(case):
    from odata.service import ODataService

    shop = serving.Shop(case)
    shop.sell(400)
    with serving.Job(shop) as job:
        job.caught_up()
        service = ODataService(root(job) + "/", reflect_entities=True, quiet_progress=True)
        case.expect(CUSTOMERS in service.entities, f"the client finds {sorted(service.entities)}")
        customer = service.entities[CUSTOMERS]
        expected = expected_customers(shop)

        def taken(entities):
            return [{"customer": each.customer, "city": each.city, "sales": each.sales, "cents": each.cents}
                    for each in entities]

        def wanted(chosen):
            return [{name: row[name] for name in ("customer", "city", "sales", "cents")} for row in chosen]

        serving.same(case, taken(service.query(customer).all()), wanted(expected), "all by python-odata")
        for city in ("Bern", "a/b", "Zürich"):
            found = service.query(customer).filter(customer.city == city).all()
            serving.same(case, taken(found), wanted(row for row in expected if row["city"] == city), f"in {city}")
        query = service.query(customer).filter(customer.cents > 3000).order_by(customer.cents.desc()).limit(5)
        dearest = sorted((row for row in expected if row["cents"] > 3000), key=lambda row: -row["cents"])[:5]
        case.expect([each.cents for each in query.all()] == [row["cents"] for row in dearest], "the dearest five")
        query = service.query(customer).filter(odata_function(customer.city, "startswith", "Z"))
        serving.same(case, taken(query.all()), wanted(row for row in expected if row["city"].startswith("Z")), "with Z")
        one = service.query(customer).get(expected[3]["customer"])
        case.expect(taken([one]) == wanted([expected[3]]), f"by key: {taken([one])}")
        newest = service.query(customer).first().newest
        case.expect(newest.tzinfo is not None, f"an instant without its offset: {newest}")
        job.stop()


def odata_function(field, name, value):
    return f"{name}({field.name},'{value}')"


def rows_are_those_of_the_output(case):
    shop = serving.Shop(case)
    shop.sell(400)
    with serving.Job(shop) as job:
        job.caught_up()
        expected = expected_customers(shop)
        serving.same(case, rows(job, CUSTOMERS, page=7), expected, "in pages of seven")
        serving.same(case, rows(job, CUSTOMERS, {"$filter": "city eq 'a/b' and cents ge 1000"}, page=2),
                     [row for row in expected if row["city"] == "a/b" and row["cents"] >= 1000], "by an index and a value")
        serving.same(case, rows(job, CUSTOMERS, {"$orderby": "cents desc,customer"}, page=4),
                     sorted(expected, key=lambda row: (-row["cents"], row["customer"])), "sorted by a field without index")
        dear = shop.output("dear")
        found = rows(job, DEAR, {"$filter": "contains(city,'ern') and note ne null"}, page=50)
        for row in found:
            row.pop("_row")
        serving.same(case, sorted(found, key=lambda row: row["id"]),
                     sorted((row for row in dear if "ern" in row["city"] and row["note"]), key=lambda row: row["id"]),
                     "a stream by a function")
        keys = {row["_row"] for row in rows(job, DEAR, {"$select": "_row"}, page=100)}
        case.expect(len(keys) == len(dear), f"{len(keys)} keys of {len(dear)} rows")
        for row in expected[:5]:
            one = ask(job, f"/{CUSTOMERS}({row['customer']})").json
            case.expect({name: one[name] for name in row} == row, f"by key: {one} and not {row}")
        ask(job, f"/{CUSTOMERS}(999)", status=404)
        count = ask(job, f"/{CUSTOMERS}/$count", {"$filter": "cents lt 2000"}).text
        case.expect(int(count) == sum(row["cents"] < 2000 for row in expected), f"counted {count}")
        cities = {}
        for row in expected:
            entry = cities.setdefault(row["city"], {"n": 0, "total": 0, "most": 0})
            entry["n"] += 1
            entry["total"] += row["cents"]
            entry["most"] = max(entry["most"], row["sales"])
        apply = "groupby((city),aggregate($count as n,cents with sum as total,sales with max as most))"
        groups = ask(job, "/" + CUSTOMERS, {"$apply": apply, "$orderby": "total desc"}).json["value"]
        case.expect({row.pop("city"): row for row in groups} == cities, f"groups: {groups} and not {cities}")
        windows = rows(job, WINDOWS, {"$filter": "window/start ge 2026-01-01T00:01:00Z"})
        serving.same(case, sorted(json.dumps({**row, "_row": None}, sort_keys=True) for row in windows),
                     sorted(json.dumps({**row, "_row": None}, sort_keys=True) for row in shop.output("sale_per_minute")
                            if row["window"]["start"] >= "2026-01-01T00:01:00"), "windows")
        # Pages stay of their epoch while the job goes on, and all of them add up.
        first = ask(job, "/" + CUSTOMERS, {"$orderby": "cents"}, Prefer="odata.maxpagesize=3")
        shop.sell(200)
        job.caught_up()
        link = first.json["@odata.nextLink"]
        rest = ask(job, "/" + CUSTOMERS, dict(urllib.parse.parse_qsl(link.split("?", 1)[1])))
        case.expect(rest.getheader("Braid-Epoch") == first.getheader("Braid-Epoch"), "a page of another epoch")
        serving.same(case, first.json["value"] + rest.json["value"], sorted(expected, key=lambda row: row["cents"]),
                     "pages around commits")
        job.stop()


def the_traps_of_spreadsheets(case):
    shop = serving.Shop(case)
    shop.sell(300)  # until windows of a minute have closed
    with serving.Job(shop) as job:
        job.caught_up()
        # XML, though a proxy forces another Accept (flat3/lodata#441).
        for accept in ("application/json", "*/*", "application/atomsvc+xml;q=0.8, application/json;odata.metadata=minimal"):
            for flat in ("", "/flat"):
                answer = ask(job, flat + "/$metadata", Accept=accept)
                case.expect(answer.getheader("Content-Type").startswith("application/xml"), "metadata that is no XML")
                check_metadata(case, answer.text, flat != "")
        # What Excel sends first.
        accept = "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,*/*;q=0.3"
        answer = ask(job, "", Accept=accept, OData_MaxVersion="4.0", MaxDataServiceVersion="3.0")
        case.expect(answer.json["@odata.context"] == root(job) + "/$metadata", "the context of the service document")
        # Behind a proxy, links are those of the proxy.
        answer = ask(job, "/" + CUSTOMERS, {"$top": "9"}, Prefer="odata.maxpagesize=2", X_Forwarded_Proto="https",
                     X_Forwarded_Host="data.example.com")
        case.expect(answer.json["@odata.nextLink"].startswith(f"https://data.example.com/odata/{CUSTOMERS}?"), answer.text)
        # Instants have an offset, and one in a condition may have any; its plus may have become a blank.
        row = ask(job, "/" + DEAR, {"$top": "1"}).json["value"][0]
        case.expect(row["at"].endswith("Z"), f"an instant without offset: {row}")
        later = serving.moment(row["at"]).astimezone(serving.datetime.timezone(serving.datetime.timedelta(hours=2)))
        for text in (later.isoformat(), later.isoformat().replace("+", " ")):
            found = ask(job, "/" + DEAR, {"$filter": f"at eq {text}"}).json["value"]
            case.expect(row in found, f"{text}: {found}")
        # 64 bits are too many for a spreadsheet.
        exact = ask(job, "/" + CUSTOMERS, {"$top": "1"}, Accept="application/json;IEEE754Compatible=true").json
        case.expect(isinstance(exact["value"][0]["cents"], str), f"a number: {exact}")
        # Tables without parts.
        answer = ask(job, "/flat/" + WINDOWS, {"$top": "1"})
        case.expect("window_start" in answer.json["value"][0], answer.text)
        # A folded query of Power Query.
        folded = ask(job, "/" + CUSTOMERS, {"$filter": "(city eq 'Bern' or city eq 'a/b') and cents gt 100",
                                           "$orderby": "cents desc", "$select": "customer,cents", "$top": "1000", "$skip": "1"})
        table = [row for row in expected_customers(shop) if row["city"] in ("Bern", "a/b") and row["cents"] > 100]
        wanted = [row["cents"] for row in sorted(table, key=lambda row: -row["cents"])][1:]
        case.expect([row["cents"] for row in folded.json["value"]] == wanted, folded.text)
        # Each option is read or answered with 501; what nobody knows is 400.
        for option in ("$expand=x", "$search=x", "$compute=cents%20as%20x", "$levels=1", "$deltatoken=x", "$schemaversion=x",
                       "$index=0", "$apply=topcount(1,cents)"):
            case.expect(job.get(f"/odata/{CUSTOMERS}?{option}").status == 501, f"{option} is not 501")
        for option in ("$unknown=x", "x=1", "$filter=nothing", "$top=x", "$orderby=", "$select=,", "$skiptoken=x"):
            case.expect(job.get(f"/odata/{CUSTOMERS}?{option}").status == 400, f"{option} is not 400")
        ask(job, "/$batch", status=501)
        ask(job, "/none", status=404)
        ask(job, "/" + CUSTOMERS, status=406, Accept="application/atom+xml")
        job.stop()


def check_metadata(case, text: str, flat: bool):
    """What a strict reader of CSDL asks: every type has a key of properties that are there and never null, each type that is
    named is defined, and every set has its type."""
    schema = xml.etree.ElementTree.fromstring(text.encode()).find(f".//{EDM}Schema")
    space = schema.get("Namespace")
    defined = [f"{space}.{each.get('Name')}" for kind in ("EntityType", "ComplexType", "EnumType")
               for each in schema.findall(EDM + kind)]
    case.expect(len(defined) == len(set(defined)), f"a type is defined twice: {defined}")
    complex_types = {f"{space}.{each.get('Name')}": each for each in schema.findall(EDM + "ComplexType")}
    case.expect(not (flat and complex_types), "flat rows with parts")
    for entity in schema.findall(EDM + "EntityType"):
        parts = entity.findall(f"{EDM}Key/{EDM}PropertyRef")
        case.expect(parts, f"{entity.get('Name')} has no key")
        for part in parts:
            owner = entity
            for step in part.get("Name").split("/"):
                found = [each for each in owner.findall(EDM + "Property") if each.get("Name") == step]
                case.expect(len(found) == 1 and found[0].get("Nullable") == "false", f"a key of {part.attrib}")
                owner = complex_types.get(found[0].get("Type"))
            case.expect("/" not in part.get("Name") or part.get("Alias"), f"a path without alias: {part.attrib}")
    for each in schema.iter(EDM + "Property"):
        kind = each.get("Type").removeprefix("Collection(").removesuffix(")")
        case.expect(kind.startswith("Edm.") or kind in defined, f"{kind} is not defined")
        case.expect(kind != "Edm.Decimal" or (each.get("Precision") and each.get("Scale")), f"a decimal: {each.attrib}")
    for each in schema.iter(EDM + "EntitySet"):
        case.expect(each.get("EntityType") in defined, f"{each.get('EntityType')} is not defined")


if __name__ == "__main__":
    binary = pathlib.Path(sys.argv[1]).resolve()
    python_packages.run_with(binary.parent.parent / "odata-venv", PACKAGES)
    import braid_command
    import serving
    braid_command.main([rows_are_those_of_the_output, the_traps_of_spreadsheets, a_client_of_others_reads_the_same])
