"""The staff guide, inside the desk."""
