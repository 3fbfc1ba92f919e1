SELECT auction, count(*) AS num, start
FROM (
  SELECT auction, unnest(range(5)) AS hop, time_bucket(INTERVAL 2 SECOND, "at") - hop * INTERVAL 2 SECOND AS start
  FROM bid)
GROUP BY auction, start
QUALIFY rank() OVER (PARTITION BY start ORDER BY num DESC) = 1
