"""The top layer: settings, addresses, timetable, people, health."""
