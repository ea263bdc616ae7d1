"""The roof: settings, addresses, timetable, people, health."""
