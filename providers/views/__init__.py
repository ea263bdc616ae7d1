"""The provider and catalog pages, by story."""
