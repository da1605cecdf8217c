"""A scenario's beginning."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAD = """\
name: web
network:
  cniVersion: 1.0.0
  name: net
  plugins: [{type: bridge}]"""
