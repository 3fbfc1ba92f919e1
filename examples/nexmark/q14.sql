SELECT auction, bidder, CAST(0.908 * price AS DECIMAL(23, 3)) AS price,
  CASE WHEN hour("at") BETWEEN 8 AND 18 THEN 'dayTime' WHEN hour("at") <= 6 OR hour("at") >= 20 THEN 'nightTime'
    ELSE 'otherTime' END AS bid_time_type,
  "at", extra, length(extra) - length(replace(extra, 'c', '')) AS c_counts
FROM bid
WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000
