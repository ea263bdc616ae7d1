"""Who works at the desk, and in which role. For admins."""
