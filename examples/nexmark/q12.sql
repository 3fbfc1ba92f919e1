SELECT bidder, count(*) AS bid_count, time_bucket(INTERVAL 10 SECOND, "at") AS start, start + INTERVAL 10 SECOND AS "end"
FROM bid
GROUP BY bidder, start
