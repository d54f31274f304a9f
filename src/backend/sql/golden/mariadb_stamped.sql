SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
SELECT `g`, `i`, `total`, `state` FROM `copies` WHERE `g` = ? AND `i` = ? AND NOT `deleted`
SELECT r.`g`, r.`i`, r.`total`, r.`state`, CAST(CASE WHEN r.`g` IS NOT NULL THEN 1 ELSE 0 END AS SIGNED), n.stamp FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS stamp) AS n LEFT JOIN `copies` AS r ON r.`g` = ? AND r.`i` = ? AND NOT r.`deleted`
SELECT `g`, `i`, `total`, `state` FROM `copies` WHERE NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i`, `total`, `state`, CAST(CASE WHEN 1 = 1 THEN 1 ELSE 0 END AS SIGNED), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) FROM `copies` WHERE (`g` > ? OR (`g` = ? AND `i` > ?)) AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i`, `total`, `state` FROM `copies` WHERE `g` = ? AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i`, `total`, `state` FROM `copies` WHERE `g` = ? AND `i` > ? AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i` FROM `copies` WHERE NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i` FROM `copies` WHERE (`g` > ? OR (`g` = ? AND `i` > ?)) AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i` FROM `copies` WHERE `g` = ? AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i` FROM `copies` WHERE `g` = ? AND `i` > ? AND NOT `deleted` ORDER BY `g`, `i` LIMIT ?
SELECT `g`, `i` FROM `copies` WHERE (`g`, `i`) IN ((?, ?)) AND NOT `deleted`
SELECT `g`, `i` FROM `copies` WHERE (`g`, `i`) IN ((?, ?), (?, ?)) AND NOT `deleted`
INSERT INTO `copies` (`g`, `i`, `stamp`, `total`, `state`, `deleted`) VALUES (?, ?, ?, ?, ?, FALSE) ON DUPLICATE KEY UPDATE `g` = IF(`g` = VALUES(`g`) AND `i` = VALUES(`i`), `g`, NULL), `total` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`total`), `total`), `state` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`state`), `state`), `deleted` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`deleted`), `deleted`), `stamp` = GREATEST(`stamp`, VALUES(`stamp`))
INSERT INTO `copies` (`g`, `i`, `stamp`, `total`, `state`, `deleted`) VALUES (?, ?, ?, ?, ?, FALSE), (?, ?, ?, ?, ?, FALSE) ON DUPLICATE KEY UPDATE `g` = IF(`g` = VALUES(`g`) AND `i` = VALUES(`i`), `g`, NULL), `total` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`total`), `total`), `state` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`state`), `state`), `deleted` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`deleted`), `deleted`), `stamp` = GREATEST(`stamp`, VALUES(`stamp`))
INSERT INTO `copies` (`g`, `i`, `stamp`, `total`, `state`, `deleted`) VALUES (?, ?, ?, NULL, NULL, TRUE) ON DUPLICATE KEY UPDATE `g` = IF(`g` = VALUES(`g`) AND `i` = VALUES(`i`), `g`, NULL), `total` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`total`), `total`), `state` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`state`), `state`), `deleted` = IF(VALUES(`stamp`) >= `stamp`, VALUES(`deleted`), `deleted`), `stamp` = GREATEST(`stamp`, VALUES(`stamp`))
INSERT INTO `copies` (`g`, `i`, `total`, `state`, `stamp`, `deleted`) VALUES (?, ?, ?, ?, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)), FALSE)
UPDATE `copies` SET `total` = ?, `state` = ?, `deleted` = FALSE, `stamp` = GREATEST(`stamp` + 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))) WHERE `g` = ? AND `i` = ? AND `deleted`
UPDATE `copies` SET `total` = ?, `state` = ?, `deleted` = FALSE, `stamp` = GREATEST(`stamp` + 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))) WHERE `g` = ? AND `i` = ? AND NOT `deleted`
UPDATE `copies` SET `total` = NULL, `state` = NULL, `deleted` = TRUE, `stamp` = GREATEST(`stamp` + 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))) WHERE `g` = ? AND `i` = ? AND NOT `deleted`
