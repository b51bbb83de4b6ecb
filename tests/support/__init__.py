"""What tests share: worlds, visitors, servers, and cheap hashes."""
