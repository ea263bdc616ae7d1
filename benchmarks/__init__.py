"""Programs that print ratios, measured in one run on one machine. `make bench` runs them all."""
