"""The database's history. Versions import nothing of ours: they must mean the same for ever."""
