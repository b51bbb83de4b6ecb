"""Account stores: directories, groups and organizations, and how they are mapped to applications."""
