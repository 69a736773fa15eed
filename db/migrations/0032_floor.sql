SET ROLE throughline_owner;

-- A device on the floor takes the GTINs of the items of its list along, to check scans without a network.
CREATE INDEX item_gtin_item ON item_gtin (item_id);

RESET ROLE;
