"""What a container runtime does with CNI: configurations, attachments, their cache, the verbs of a list."""
