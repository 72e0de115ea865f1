-- the place first: everybody is in the same year, and a plan made while the list is short took this index for one person's entry
DROP INDEX watch_entry_place;
CREATE INDEX watch_entry_place ON watch_entry (division, year);
