WITH cut AS (
    SELECT bidder, "at", "at" - lag("at") OVER (PARTITION BY bidder ORDER BY "at") > INTERVAL 10 SECOND AS begins FROM bid),
  numbered AS (
    SELECT bidder, "at", count(*) FILTER (begins) OVER (PARTITION BY bidder ORDER BY "at") AS number FROM cut)
SELECT bidder, count(*) AS bid_count, min("at") AS start, max("at") + INTERVAL 10 SECOND AS "end"
FROM numbered
GROUP BY bidder, number
