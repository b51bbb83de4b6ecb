"""Tenants: how they begin, who administers them, and what is stored for their hosted pages."""
