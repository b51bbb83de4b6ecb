"""Where accounts come from: providers, agents, and SAML with its certificates."""
