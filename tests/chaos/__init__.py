"""`make chaos`: a real desk under fire, and then the provider's ledger against its database."""
