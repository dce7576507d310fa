"""Everything that Dong et al. (ISMIR 2021) trained and compared, and their tables from our own runs."""
