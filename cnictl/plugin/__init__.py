"""What a plugin is written with: the request, the skeleton around it, and what plugins share."""
