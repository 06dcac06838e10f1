"""A small OTP application in many of the shapes that children lists have, beside what Elixir makes of it."""
