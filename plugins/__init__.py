"""The CNI reference plugins: one module a plugin, grouped as the Go ones are."""
