SELECT seller,
  avg(price) OVER (PARTITION BY seller ORDER BY expires ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS avg_price
FROM (
  SELECT a.id, a.seller, a.expires, b.price
  FROM auction a JOIN bid b ON a.id = b.auction AND b."at" BETWEEN a."at" AND a.expires
  QUALIFY row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b."at", b.position) = 1)
