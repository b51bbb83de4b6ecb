"""The stores for cached answers, for the option ``store`` in the *cache_options* of a client."""
