"""The container runtime's own view of its pods, asked over CRI (k8s.io/cri-api), which only reads here."""
