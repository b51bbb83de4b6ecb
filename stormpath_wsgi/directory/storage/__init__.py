"""Tables and the engines under them: SQLite files and PostgreSQL, transactions, migrations, and the generation."""
