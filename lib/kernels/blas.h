/* OpenBLAS behind one file.  Every call runs on the calling thread alone: the
 * library's own workers spin between calls and would take the processors from
 * the other programs of the ring. */
#ifndef AI_KERNELS_BLAS_H
#define AI_KERNELS_BLAS_H

/* Before the first product, once a process. */
void ai_blas_single_threaded(void);

#endif
