"""What each misconception code says to the student: the mistake, and what to try."""

from __future__ import annotations

from .lessons.messages import SAYINGS as LESSONS

GENERAL = {
    "not_implemented": "This is still the empty stub. Write the body, then run the check again.",
    "raises": "Your code stops with an error{error}. Run it on a small tensor in a cell of its own and read the last line of the traceback.",
    "wrong_shape": "The output has the wrong shape: yours is {got}, the target is {want}. Print the shape after each line.",
    "timeout": "Your code was still running after 10 seconds. Look for a loop that never ends.",
    "unknown": "The result is not right, and it matches none of the usual mistakes. {detail}",
    "standin": "This is the stand-in from helpers, not your own code. It lets you go on, but it earns no points.",
}

SAYINGS = {
    "img_to_patch": {
        "column_major_order": "Your patches run from top to bottom first. The target runs left to right, then top to bottom: which of the two grid axes comes first in your permute?",
        "channels_last_in_patch": "Inside a patch your channel comes last. The target order is channel, row, column: move the channel axis in front of the patch's rows and columns.",
        "transposed_patch": "Every patch is flipped along its diagonal: rows and columns inside the patch are swapped. Check the last two axes of your permute.",
        "reshape_only": "A reshape alone never moves pixels between rows: your 'patches' are strips, or mix channels. Split H into (H/p, p) and W into (W/p, p), permute the grid axes in front, and reshape last. With one grey channel this mistake can stay hidden.",
        "batch_mixed": "Pixels of different images end up in one sequence. The batch axis must stay first all the way.",
        "flatten_ignored": "flatten_channels makes no difference: True must give [B, N, C*p*p], False must give [B, N, C, p, p].",
        "overlapping_patches": "Your patches overlap. Move by a whole patch each time: the stride is the patch size.",
        "no_divisibility_error": "When the patch size does not divide H or W, raise ValueError with a sentence that says so (an assert raises AssertionError, which is not the same).",
        "square_only": "Square images work, other shapes do not. Compute H/p and W/p separately.",
        "modifies_input": "Your function changes the image it was given. Work on a new tensor (no in-place operation on x).",
        "breaks_gradient": "No gradient reaches the image. Stay in torch: no .detach(), .data, .numpy() or torch.tensor(...) on the way.",
        "changes_dtype": "The dtype changes on the way. Whatever floating dtype comes in must come out.",
    },
    "scaled_dot_product_attention": {
        "missing_scale": "The scores are not divided by sqrt(d), where d is the size of one head's vectors.",
        "wrong_scale": "The scores are divided by the wrong number. It is sqrt(d), with d the last size of q.",
        "softmax_axis": "The weights sum to 1 along the wrong axis. Each query spreads a weight of 1 over all keys: softmax over the last axis.",
        "mask_added": "Some keys get no weight at all. There is no mask here.",
        "returns_values_only": "Return two things: the values and the weights.",
        "wrong_order": "The two results are swapped: first the values, then the weights.",
    },
    "attention_block": {
        "post_norm": "The LayerNorm sits after the addition (Post-LN). Pre-LN normalises what goes INTO attention and MLP: x + attention(norm(x)).",
        "shared_norm": "One LayerNorm serves both places. Make two: each sub-layer needs its own scale and shift.",
        "missing_attention_residual": "The input is not added back after attention: x = x + attention(norm1(x)).",
        "missing_mlp_residual": "The input of the MLP is not added back after it: x = x + mlp(norm2(x)).",
        "residual_from_normed": "You add the normalised tensor back. The skip path must carry x itself: keep h = norm(x) apart from x.",
        "attends_across_batch": "One image's output changes when its neighbours in the batch change: attention runs over the wrong axis. nn.MultiheadAttention expects [T, B, D] unless batch_first=True.",
        "relu_instead_of_gelu": "The MLP uses ReLU. The contract asks for GELU.",
        "no_activation": "There is no non-linearity between the two Linear layers of the MLP, so they collapse into one. Put a GELU between them.",
        "missing_attention_norm": "What goes into attention is not normalised: use the first LayerNorm on query, key and value.",
        "missing_mlp_norm": "What goes into the MLP is not normalised: use the second LayerNorm.",
        "norm_query_only": "Only the query is normalised. Normalise once, h = norm1(x), and attend with h, h, h.",
        "dropout_missing": "{detail}",
        "dropout_always_on": "The output is random even in eval mode. Use nn.Dropout, or pass training=self.training to F.dropout.",
        "wrong_hidden_dim": "The MLP does not use hidden_dim: Linear(embed_dim, hidden_dim), then Linear(hidden_dim, embed_dim).",
        "returns_tuple": "forward returns a tuple. nn.MultiheadAttention returns (output, weights): take the first, and return one tensor.",
        "batch_norm": "BatchNorm mixes the images of a batch. A Vision Transformer uses LayerNorm, which looks at one token at a time.",
        "causal_mask": "Tokens cannot see the tokens after them: there is a causal mask. Image patches may all see each other.",
        "parallel_branches": "Attention and MLP both start from x. The MLP must start from the result of the attention step.",
        "heads_ignored": "num_heads makes no difference. Pass it on, or split the embedding into num_heads parts.",
        "unregistered_layers": "Some layers are not registered, so an optimiser never sees them. Create them in __init__ as attributes, or in an nn.ModuleList instead of a plain list.",
    },
    "vision_transformer": {
        "cls_missing": "There is no class token: the head reads an ordinary patch. Add a learnable token in front of the patches and read that one.",
        "mean_pool": "The head reads the average of the tokens. The contract asks for the class token's output alone.",
        "cls_appended_last": "The class token stands behind the patches. It goes first, so that its place does not depend on how many patches come.",
        "reads_wrong_token": "The head reads a patch, not the class token. Which index did you put the class token at?",
        "cls_not_parameter": "The class token is never trained: make it an nn.Parameter [1, 1, D], created once in __init__, and let nothing cut its gradient (.detach(), torch.no_grad()).",
        "pos_not_parameter": "The positions are never trained: make them an nn.Parameter (or nn.Embedding), created once in __init__.",
        "pos_missing": "Shuffling the patches leaves the logits unchanged: no positions are added. Add the positional embedding to the tokens.",
        "pos_before_cls": "The class token gets no position. Join the class token first, then add 1 + num_patches positions to all tokens.",
        "pos_same_for_all_tokens": "Every token gets the same position, so order still cannot be seen. The embedding needs one row per token: [1, 1 + num_patches, D].",
        "pos_not_sliced": "An image with fewer patches than num_patches fails, or is given other positions or more tokens than it has. num_patches is a maximum: slice the positions to the tokens present.",
        "shared_blocks": "All layers are one and the same block. [block] * n repeats a reference: create a new block for each layer.",
        "softmax_output": "The output is already a softmax. Return logits: cross-entropy applies the softmax itself.",
        "log_softmax_output": "The output is a log-softmax. Return the plain logits of the last Linear layer.",
        "no_final_norm": "The class token goes into the head without a LayerNorm: head(norm(cls)).",
        "wrong_num_layers": "The number of blocks that act is not num_layers. Feed each block the output of the one before, num_layers times.",
        "hardcoded_batch_size": "It works for one batch size only. Take B from x.shape[0].",
        "cls_not_per_image": "The class token [1, 1, D] is not expanded over the batch: each image needs its copy, expand(B, -1, -1), before torch.cat along the token axis.",
        "normalizes_across_tokens": "A normalisation runs over the tokens, so every token leaks into the others. Normalise over the features (the last axis) only.",
        "attends_across_batch": "One image's logits change when its neighbours in the batch change: attention runs over the wrong axis (batch_first?).",
        "dropout_missing": "No dropout acts on the tokens in train mode. After adding the positions, apply nn.Dropout(dropout).",
    },
    "lit_vit": {
        "softmax_before_cross_entropy": "The loss is cross-entropy of probabilities. F.cross_entropy takes logits and applies the softmax itself; with a softmax before it the loss for 10 classes can never fall below 1.46.",
        "loss_not_returned": "training_step does not return the loss, so nothing is trained. Return it.",
        "loss_detached": "The loss carries no gradient. Return the tensor itself, without .item(), .detach() or torch.tensor(...).",
        "loss_summed": "The loss is the sum over the batch. Use the mean, so that the step size does not depend on the batch size.",
        "accuracy_wrong": "A logged accuracy is not the share of images whose largest logit is the label: (logits.argmax(dim=1) == y).float().mean().",
        "optimizer_misses_parameters": "Some parameters never change: give the optimiser all of self.parameters() (in one group or several).",
        "lr_ignored": "The learning rate of the optimiser does not follow the lr argument.",
        "wrong_optimizer": "The contract asks for AdamW (decoupled weight decay). Adam with weight_decay adds the decay to the gradient, which is not the same.",
        "metric_names_missing": "These names were not logged: {missing}.",
    },
    **LESSONS,
}


def say(exercise: str, code: str, **context) -> str:
    """The message of a code, with the facts of this run filled in."""
    text = SAYINGS.get(exercise, {}).get(code) or GENERAL.get(code) or GENERAL["unknown"]
    facts = {"error": "", "got": "?", "want": "?", "detail": "", "missing": "?"} | context
    if facts["error"] and code == "raises":
        facts["error"] = f" ({facts['error']})"
    facts = {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}
    return text.format(**facts).strip()
