"""The `course` command: what instructors, authors and CI use. A learner never needs it."""
