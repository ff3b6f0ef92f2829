"""What the notebooks import: checks, figures, data, training parts, carry-over between notebooks and the hand-in."""

__version__ = "1.0.0"

# Exercise (grade_id of its test cell, file name in carry/) -> the Python name that students define.
NAMES = {
    "img_to_patch": "img_to_patch",
    "attention_block": "AttentionBlock",
    "vision_transformer": "VisionTransformer",
    "lit_vit": "LitViT",
}
