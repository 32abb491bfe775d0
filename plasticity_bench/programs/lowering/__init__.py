"""From a recorded graph to a program: what each operation of PyTorch is in a program's operations.

What is not listed is called as PyTorch's operation; its bits may then depend on the processor.
"""

from plasticity_bench.programs.lowering import elementwise, indices, products, reductions
from plasticity_bench.programs.lowering.graph import Lowering

__all__ = ["Lowering", "elementwise", "indices", "products", "reductions"]
