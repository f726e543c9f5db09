"""Optical flow of facial regions: engines, displacements, windows."""
