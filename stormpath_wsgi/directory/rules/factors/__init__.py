"""Second factors: phones, authenticator apps, and the challenges that check them."""
