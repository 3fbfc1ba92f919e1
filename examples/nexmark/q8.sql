SELECT id, name, time_bucket(INTERVAL 10 SECOND, "at") AS start
FROM person p
WHERE EXISTS (
  SELECT 1 FROM auction a
  WHERE a.seller = p.id AND time_bucket(INTERVAL 10 SECOND, a."at") = time_bucket(INTERVAL 10 SECOND, p."at"))
