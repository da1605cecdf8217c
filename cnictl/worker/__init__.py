"""Plugins kept warm: a daemon that answers their calls, for launchers that hand them over."""
