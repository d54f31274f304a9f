SELECT CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = $1 AND "i" = $2 AND NOT "deleted"
SELECT r."g", r."i", r."total", r."state", CAST(CASE WHEN r."g" IS NOT NULL THEN 1 ELSE 0 END AS bigint), n.stamp FROM (SELECT CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint) AS stamp) AS n LEFT JOIN "copies" AS r ON r."g" = $1 AND r."i" = $2 AND NOT r."deleted"
SELECT "g", "i", "total", "state" FROM "copies" WHERE NOT "deleted" ORDER BY "g", "i" LIMIT $1
SELECT "g", "i", "total", "state", CAST(CASE WHEN 1 = 1 THEN 1 ELSE 0 END AS bigint), CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint) FROM "copies" WHERE ("g", "i") > ($1, $2) AND NOT "deleted" ORDER BY "g", "i" LIMIT $3
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = $1 AND NOT "deleted" ORDER BY "g", "i" LIMIT $2
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = $1 AND "i" > $2 AND NOT "deleted" ORDER BY "g", "i" LIMIT $3
SELECT "g", "i" FROM "copies" WHERE NOT "deleted" ORDER BY "g", "i" LIMIT $1
SELECT "g", "i" FROM "copies" WHERE ("g", "i") > ($1, $2) AND NOT "deleted" ORDER BY "g", "i" LIMIT $3
SELECT "g", "i" FROM "copies" WHERE "g" = $1 AND NOT "deleted" ORDER BY "g", "i" LIMIT $2
SELECT "g", "i" FROM "copies" WHERE "g" = $1 AND "i" > $2 AND NOT "deleted" ORDER BY "g", "i" LIMIT $3
SELECT DISTINCT f."g", f."i" FROM (VALUES ($1, $2)) AS k (g, i) CROSS JOIN LATERAL (SELECT r."g", r."i" FROM "copies" AS r WHERE r."g" = k.g AND r."i" = k.i AND NOT r."deleted" LIMIT 1) AS f
SELECT DISTINCT f."g", f."i" FROM (VALUES ($1, $2), ($3, $4)) AS k (g, i) CROSS JOIN LATERAL (SELECT r."g", r."i" FROM "copies" AS r WHERE r."g" = k.g AND r."i" = k.i AND NOT r."deleted" LIMIT 1) AS f
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES ($1, $2, $3, $4, $5, FALSE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES ($1, $2, $3, $4, $5, FALSE), ($6, $7, $8, $9, $10, FALSE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES ($1, $2, $3, NULL, NULL, TRUE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "total", "state", "stamp", "deleted") VALUES ($1, $2, $3, $4, CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint), FALSE)
UPDATE "copies" SET "total" = $1, "state" = $2, "deleted" = FALSE, "stamp" = GREATEST("stamp" + 1, CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)) WHERE "g" = $3 AND "i" = $4 AND "deleted"
UPDATE "copies" SET "total" = $1, "state" = $2, "deleted" = FALSE, "stamp" = GREATEST("stamp" + 1, CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)) WHERE "g" = $3 AND "i" = $4 AND NOT "deleted"
UPDATE "copies" SET "total" = NULL, "state" = NULL, "deleted" = TRUE, "stamp" = GREATEST("stamp" + 1, CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)) WHERE "g" = $1 AND "i" = $2 AND NOT "deleted"
