"""Checks of the extension exercises that are functions (notebooks 06 to 10).

An exercise has two modules: its inputs and its probe, and `_judge`, which decides. Codes, beside not_implemented,
raises, wrong_shape and unknown (`messages` says to the student what each means):

precision_recall_f1      swapped_axes, zero_denominator, averaged, f1_wrong, integer_division, divided_by_total, hardcoded_classes
mean_attention_distance  class_token_kept, wrong_token_left_out, not_renormalised, renormalised_over_all, normalised_over_queries,
                         distance_in_patches, squared_distance, manhattan_distance, grid_swapped, heads_averaged,
                         batch_not_averaged, summed_not_averaged
vit_cost                 missing_keys, class_token_forgotten, grid_not_squared, channels_forgotten, positions_forgotten,
                         biases_forgotten, norms_forgotten, layers_ignored, qkv_counted_once, output_projection_forgotten,
                         mlp_counted_once, head_forgotten, projection_forgotten, attention_products_forgotten,
                         class_token_projected, head_on_all_tokens, flops_not_macs
resize_pos_embedding     class_position_lost, class_position_resized, not_bicubic, grid_swapped, layout_mixed, resized_as_line,
                         grids_assumed, not_identity
extract_features         train_mode_left_on, gradient_kept, mode_not_restored, grad_mode_changed, parameters_frozen, last_batch_dropped,
                         one_batch_only, images_repeated, order_changed, labels_wrong, labels_missing, results_swapped,
                         batches_not_joined, not_on_cpu, not_one_pass, kept_between_calls
layerwise_lr_groups      parameters_missing, parameters_twice, head_decayed, last_block_not_decayed, embeddings_not_lowest,
                         order_reversed, same_rate_for_all_blocks, decay_not_multiplied, block_uneven, norm_misplaced, hardcoded_layers,
                         names_mixed_up, lr_ignored, not_groups
drop_path                per_element, per_token, whole_batch, draws_depend, not_rescaled, rescaled_wrongly, rate_inverted, active_in_eval,
                         never_drops, not_identity_at_zero, breaks_gradient, same_draw_every_time
warmup_cosine            starts_at_zero, warmup_missing, warmup_not_linear, never_reaches_one, jump_at_boundary,
                         not_zero_at_end, linear_decay, wrong_cosine
attention_rollout        residual_missing, residual_wrong, heads_not_averaged, rows_not_normalised, normalised_elsewhere, wrong_order,
                         last_layer_only, layers_averaged, elementwise_product, batch_mixed, transposed, class_row_only
"""

EXERCISES = ("precision_recall_f1", "mean_attention_distance", "vit_cost", "resize_pos_embedding", "extract_features",
             "layerwise_lr_groups", "drop_path", "warmup_cosine", "attention_rollout")
