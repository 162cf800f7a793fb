"""The PTransforms of the main job around its four stages."""
