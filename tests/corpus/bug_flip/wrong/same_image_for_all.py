# expect: fail codes=images_exchanged
from torchvision.transforms import v2


def augment(images):
    turn = v2.RandomAffine(10, translate=(0.1, 0.1))
    return turn(images[:1]).repeat(len(images), 1, 1, 1)
