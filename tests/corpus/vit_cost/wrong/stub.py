# expect: fail codes=not_implemented
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    raise NotImplementedError()
