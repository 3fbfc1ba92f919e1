SELECT category, avg(final) AS final
FROM (
  SELECT max(b.price) AS final, a.category
  FROM auction a JOIN bid b ON a.id = b.auction AND b."at" BETWEEN a."at" AND a.expires
  GROUP BY a.id, a.category)
GROUP BY category
