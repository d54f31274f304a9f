SELECT CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = ? AND "Id" = ?
SELECT "customer", "Id", "total", "a`b""c" FROM "order" ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE ("customer", "Id") > (?, ?) ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = ? ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id", "total", "a`b""c" FROM "order" WHERE "customer" = ? AND "Id" > ? ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id" FROM "order" ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id" FROM "order" WHERE ("customer", "Id") > (?, ?) ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id" FROM "order" WHERE "customer" = ? ORDER BY "customer", "Id" LIMIT ?
SELECT "customer", "Id" FROM "order" WHERE "customer" = ? AND "Id" > ? ORDER BY "customer", "Id" LIMIT ?
SELECT DISTINCT r."customer", r."Id" FROM (VALUES (?, ?)) AS k CROSS JOIN "order" AS r WHERE r."customer" = k.column1 AND r."Id" = k.column2
SELECT DISTINCT r."customer", r."Id" FROM (VALUES (?, ?), (?, ?)) AS k CROSS JOIN "order" AS r WHERE r."customer" = k.column1 AND r."Id" = k.column2
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES (?, ?, ?, ?) ON CONFLICT ("customer", "Id") DO UPDATE SET "total" = EXCLUDED."total", "a`b""c" = EXCLUDED."a`b""c"
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES (?, ?, ?, ?), (?, ?, ?, ?) ON CONFLICT ("customer", "Id") DO UPDATE SET "total" = EXCLUDED."total", "a`b""c" = EXCLUDED."a`b""c"
DELETE FROM "order" WHERE "customer" = ? AND "Id" = ?
INSERT INTO "order" ("customer", "Id", "total", "a`b""c") VALUES (?, ?, ?, ?)
UPDATE "order" SET "total" = ?, "a`b""c" = ? WHERE "customer" = ? AND "Id" = ?
DELETE FROM "order" WHERE "customer" = ? AND "Id" = ?
