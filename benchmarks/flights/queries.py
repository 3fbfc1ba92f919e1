"""Queries over eleven years of flights: a filter, an as-of join, an aggregate by window."""
from suite import Query, table

DOMAIN, OPTIONS = "compare", ""
INPUTS = {"flight": "flights.ndjson", "weather": "weather-*.ndjson", "plane": "planes.ndjson"}

FLIGHT = {
    "at": "TIMESTAMP", "year": "BIGINT", "month": "BIGINT", "day": "BIGINT", "dep_delay": "BIGINT",
    "arr_delay": "BIGINT", "carrier": "VARCHAR", "flight": "BIGINT", "tailnum": "VARCHAR", "origin": "VARCHAR",
    "dest": "VARCHAR",
}
WEATHER = {"origin": "VARCHAR", "time_hour": "TIMESTAMP", "temp": "DOUBLE", "wind_speed": "DOUBLE", "visib": "DOUBLE"}
PLANE = {"tailnum": "VARCHAR", "model": "VARCHAR", "seats": "BIGINT"}


def flights(data: str, names: str) -> str:
    return table(f"{data}/flights.ndjson", FLIGHT, names)


def filter_text(data: str) -> str:
    source = flights(data, "at carrier flight origin dest dep_delay")
    return f'SELECT "at", carrier, flight, origin, dest, dep_delay FROM {source} WHERE dep_delay > 60'


def enrich_text(data: str) -> str:
    """Older than two hours is found by the ASOF join and blanked after it, as `max age` means."""
    fresh = "f.\"at\" - w.time_hour <= INTERVAL 2 HOUR"
    return f"""SELECT f."at", f.carrier, f.flight, f.tailnum, f.origin, f.dest, f.dep_delay, p.model, p.seats,
  CASE WHEN {fresh} THEN w."temp" END AS "temp", CASE WHEN {fresh} THEN w.wind_speed END AS wind_speed,
  CASE WHEN {fresh} THEN w.visib END AS visib, CASE WHEN {fresh} THEN w.time_hour END AS observed_at
FROM {flights(data, "at carrier flight tailnum origin dest dep_delay")} f
  ASOF LEFT JOIN {table(data + "/weather-*.ndjson", WEATHER, "origin time_hour temp wind_speed visib")} w
    ON w.origin = f.origin AND w.time_hour <= f."at"
  LEFT JOIN {table(data + "/planes.ndjson", PLANE, "tailnum model seats")} p ON p.tailnum = f.tailnum"""


def window_text(data: str) -> str:
    """The mean in six places. No group is large enough for a tie, so how ties round does not matter."""
    return f"""SELECT carrier, date_trunc('hour', "at") AS hour_start, count(*) AS flights,
  CAST(round(sum(dep_delay) * 1e6 / count(*)) / 1e6 AS DECIMAL(18, 6)) AS mean_delay, max(arr_delay) AS worst_arrival
FROM {flights(data, "at carrier dep_delay arr_delay")}
WHERE dep_delay IS NOT NULL AND arr_delay IS NOT NULL GROUP BY ALL"""


QUERIES = {
    "filter": Query(["flight"], "compare.late_flight.v1",
                    {"at": "TIMESTAMP", "carrier": "VARCHAR", "flight": "BIGINT", "origin": "VARCHAR",
                     "dest": "VARCHAR", "dep_delay": "BIGINT"}, filter_text),
    "enrich": Query(["flight", "weather", "plane"], "compare.enriched.v1",
                    {"at": "TIMESTAMP", "carrier": "VARCHAR", "flight": "BIGINT", "tailnum": "VARCHAR",
                     "origin": "VARCHAR", "dest": "VARCHAR", "dep_delay": "BIGINT", "model": "VARCHAR",
                     "seats": "BIGINT", "temp": "DOUBLE", "wind_speed": "DOUBLE", "visib": "DOUBLE",
                     "observed_at": "TIMESTAMP"}, enrich_text),
    "window": Query(["flight"], "compare.carrier_hour.v1",
                    {"carrier": "VARCHAR", "hour_start": "TIMESTAMP", "flights": "BIGINT",
                     "mean_delay": "DECIMAL(18, 6)", "worst_arrival": "BIGINT"}, window_text),
}


def hand_command(query: str) -> list:
    return [f"braid_compare_{query}"]


def describe(counts: dict) -> str:
    return f"{counts['flights']:,} flights"
