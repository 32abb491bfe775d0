"""Operations that PyTorch is slow at on a CPU: products of small matrices, and rank matching."""
