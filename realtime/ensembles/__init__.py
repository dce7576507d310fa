"""Ensembles: TOML files that say which parts there are, how they sound and what separates them."""
