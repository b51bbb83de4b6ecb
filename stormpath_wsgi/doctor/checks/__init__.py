"""The checks: each module here declares some, about one subject."""
