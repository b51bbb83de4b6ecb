"""Ways to prove an account without its password: tokens, API keys, and the nonces of what counts once."""
