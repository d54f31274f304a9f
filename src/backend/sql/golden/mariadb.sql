SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))
SELECT `customer`, `Id`, `total`, `a``b"c` FROM `order` WHERE `customer` = ? AND `Id` = ?
SELECT r.`customer`, r.`Id`, r.`total`, r.`a``b"c`, CAST(CASE WHEN r.`customer` IS NOT NULL THEN 1 ELSE 0 END AS SIGNED), n.stamp FROM (SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS stamp) AS n LEFT JOIN `order` AS r ON r.`customer` = ? AND r.`Id` = ?
SELECT `customer`, `Id`, `total`, `a``b"c` FROM `order` ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id`, `total`, `a``b"c`, CAST(CASE WHEN 1 = 1 THEN 1 ELSE 0 END AS SIGNED), TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) FROM `order` WHERE (`customer` > ? OR (`customer` = ? AND `Id` > ?)) ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id`, `total`, `a``b"c` FROM `order` WHERE `customer` = ? ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id`, `total`, `a``b"c` FROM `order` WHERE `customer` = ? AND `Id` > ? ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id` FROM `order` ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id` FROM `order` WHERE (`customer` > ? OR (`customer` = ? AND `Id` > ?)) ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id` FROM `order` WHERE `customer` = ? ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id` FROM `order` WHERE `customer` = ? AND `Id` > ? ORDER BY `customer`, `Id` LIMIT ?
SELECT `customer`, `Id` FROM `order` WHERE (`customer`, `Id`) IN ((?, ?))
SELECT `customer`, `Id` FROM `order` WHERE (`customer`, `Id`) IN ((?, ?), (?, ?))
INSERT INTO `order` (`customer`, `Id`, `total`, `a``b"c`) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE `customer` = IF(`customer` = VALUES(`customer`) AND `Id` = VALUES(`Id`), `customer`, NULL), `total` = VALUES(`total`), `a``b"c` = VALUES(`a``b"c`)
INSERT INTO `order` (`customer`, `Id`, `total`, `a``b"c`) VALUES (?, ?, ?, ?), (?, ?, ?, ?) ON DUPLICATE KEY UPDATE `customer` = IF(`customer` = VALUES(`customer`) AND `Id` = VALUES(`Id`), `customer`, NULL), `total` = VALUES(`total`), `a``b"c` = VALUES(`a``b"c`)
DELETE FROM `order` WHERE `customer` = ? AND `Id` = ?
INSERT INTO `order` (`customer`, `Id`, `total`, `a``b"c`) VALUES (?, ?, ?, ?)
UPDATE `order` SET `total` = ?, `a``b"c` = ? WHERE `customer` = ? AND `Id` = ?
DELETE FROM `order` WHERE `customer` = ? AND `Id` = ?
