# lib/kernels
