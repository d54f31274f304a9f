SELECT CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint)
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = $1 AND "Id" = $2
SELECT r."customer", r."Id", r."total", r."a`b""c", CAST(CASE WHEN r."customer" IS NOT NULL THEN 1 ELSE 0 END AS bigint), n.stamp FROM (SELECT CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint) AS stamp) AS n LEFT JOIN "order" AS r ON r."customer" = $1 AND r."Id" = $2
SELECT "customer", "Id", "total", "a`b""c" FROM "order" ORDER BY "customer", "Id" LIMIT $1
SELECT "customer", "Id", "total", "a`b""c", CAST(CASE WHEN 1 = 1 THEN 1 ELSE 0 END AS bigint), CAST(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000 AS bigint) FROM "order" WHERE ("customer", "Id") > ($1, $2) ORDER BY "customer", "Id" LIMIT $3
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = $1 ORDER BY "customer", "Id" LIMIT $2
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = $1 AND "Id" > $2 ORDER BY "customer", "Id" LIMIT $3
SELECT "customer", "Id" FROM "order" ORDER BY "customer", "Id" LIMIT $1
SELECT "customer", "Id" FROM "order" WHERE ("customer", "Id") > ($1, $2) ORDER BY "customer", "Id" LIMIT $3
SELECT "customer", "Id" FROM "order" WHERE "customer" = $1 ORDER BY "customer", "Id" LIMIT $2
SELECT "customer", "Id" FROM "order" WHERE "customer" = $1 AND "Id" > $2 ORDER BY "customer", "Id" LIMIT $3
SELECT DISTINCT f."customer", f."Id" FROM (VALUES ($1, $2)) AS k (g, i) CROSS JOIN LATERAL (SELECT r."customer", r."Id" FROM "order" AS r WHERE r."customer" = k.g AND r."Id" = k.i LIMIT 1) AS f
SELECT DISTINCT f."customer", f."Id" FROM (VALUES ($1, $2), ($3, $4)) AS k (g, i) CROSS JOIN LATERAL (SELECT r."customer", r."Id" FROM "order" AS r WHERE r."customer" = k.g AND r."Id" = k.i LIMIT 1) AS f
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES ($1, $2, $3, $4) ON CONFLICT ("customer", "Id") DO UPDATE SET "total" = EXCLUDED."total", "a`b""c" = EXCLUDED."a`b""c"
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES ($1, $2, $3, $4), ($5, $6, $7, $8) ON CONFLICT ("customer", "Id") DO UPDATE SET "total" = EXCLUDED."total", "a`b""c" = EXCLUDED."a`b""c"
DELETE FROM "order" WHERE "customer" = $1 AND "Id" = $2
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES ($1, $2, $3, $4)
UPDATE "order" SET "total" = $1, "a`b""c" = $2 WHERE "customer" = $3 AND "Id" = $4
DELETE FROM "order" WHERE "customer" = $1 AND "Id" = $2
