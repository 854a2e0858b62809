"""Decode, resample, synthesize, measure and play sound; no torch, no Qt."""
