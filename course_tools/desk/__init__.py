"""What stands around the lessons: the lab, the doctor, the syllabus, the report."""
