"""How numbers and times are shown to a person, and the days that are the same for everybody."""
