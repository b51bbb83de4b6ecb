"""What proves an account without its password: tokens, API keys, and the nonces of what counts once."""
