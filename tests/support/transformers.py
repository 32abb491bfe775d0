"""A network of PyTorch's own transformer layers."""

from torch import nn


class Encoded(nn.Module):
    """Rows of an image as tokens, a causal encoder layer, and a head on the mean token."""

    def __init__(self, spec, dropout=0.0, **settings):
        super().__init__()
        tokens, width = spec.input_shape
        self.embed = nn.Linear(width, 4)
        self.layer = nn.TransformerEncoderLayer(
            4, 2, 6, dropout=dropout, **{"batch_first": True, **settings}
        )
        self.head = nn.Linear(4, spec.num_outputs)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(tokens))

    def forward(self, x):
        return self.head(self.layer(self.embed(x), self.mask).mean(1))
