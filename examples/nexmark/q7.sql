SELECT auction, price, bidder, "at", extra
FROM bid
QUALIFY rank() OVER (PARTITION BY time_bucket(INTERVAL 10 SECOND, "at") ORDER BY price DESC) = 1
