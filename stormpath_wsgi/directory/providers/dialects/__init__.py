"""How each provider is spoken to: one module a provider."""
