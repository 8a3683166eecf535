"""Example clients, copied beside what is exported; they need nothing of this package."""
