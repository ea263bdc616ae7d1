"""A database that was put back: what neither it nor this machine can know."""
