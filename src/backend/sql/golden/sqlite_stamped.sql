SELECT CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = ? AND "i" = ? AND NOT "deleted"
SELECT "g", "i", "total", "state" FROM "copies" WHERE NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i", "total", "state" FROM "copies" WHERE ("g", "i") > (?, ?) AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = ? AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i", "total", "state" FROM "copies" WHERE "g" = ? AND "i" > ? AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i" FROM "copies" WHERE NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i" FROM "copies" WHERE ("g", "i") > (?, ?) AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i" FROM "copies" WHERE "g" = ? AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT "g", "i" FROM "copies" WHERE "g" = ? AND "i" > ? AND NOT "deleted" ORDER BY "g", "i" LIMIT ?
SELECT DISTINCT r."g", r."i" FROM (VALUES (?, ?)) AS k CROSS JOIN "copies" AS r WHERE r."g" = k.column1 AND r."i" = k.column2 AND NOT r."deleted"
SELECT DISTINCT r."g", r."i" FROM (VALUES (?, ?), (?, ?)) AS k CROSS JOIN "copies" AS r WHERE r."g" = k.column1 AND r."i" = k.column2 AND NOT r."deleted"
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES (?, ?, ?, ?, ?, FALSE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES (?, ?, ?, ?, ?, FALSE), (?, ?, ?, ?, ?, FALSE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "stamp", "total", "state", "deleted") VALUES (?, ?, ?, NULL, NULL, TRUE) ON CONFLICT ("g", "i") DO UPDATE SET "total" = EXCLUDED."total", "state" = EXCLUDED."state", "deleted" = EXCLUDED."deleted", "stamp" = EXCLUDED."stamp" WHERE EXCLUDED."stamp" >= "copies"."stamp"
INSERT INTO "copies" ("g", "i", "total", "state", "stamp", "deleted") VALUES (?, ?, ?, ?, CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000, FALSE)
UPDATE "copies" SET "total" = ?, "state" = ?, "deleted" = FALSE, "stamp" = max("stamp" + 1, CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000) WHERE "g" = ? AND "i" = ? AND "deleted"
UPDATE "copies" SET "total" = ?, "state" = ?, "deleted" = FALSE, "stamp" = max("stamp" + 1, CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000) WHERE "g" = ? AND "i" = ? AND NOT "deleted"
UPDATE "copies" SET "total" = NULL, "state" = NULL, "deleted" = TRUE, "stamp" = max("stamp" + 1, CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000) WHERE "g" = ? AND "i" = ? AND NOT "deleted"
