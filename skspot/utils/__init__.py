"""Code that several packages share: input checks, parameter validation, the cache per video."""
