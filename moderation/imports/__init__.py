"""Reading what other comment systems export. Nothing here knows our tables: files go in, entries come out."""
