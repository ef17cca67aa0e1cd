"""Graph to machine code: loops as plain data, lowered to LLVM IR, compiled once for each shape.

This folder is the only one that imports llvmlite.
"""
