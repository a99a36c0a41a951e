// Which instruction set is used.
#include "Kernels.h"

#include <stdatomic.h>
#include <stdlib.h>

// Best first.
static const kernel_set *const sets[] = {
#if defined(__x86_64__)
    &avx512_kernels, &avxvnni_kernels, &avx2_kernels,
#elif defined(__aarch64__)
    &neon_kernels,
#endif
    &portable_kernels,
};
enum { SET_COUNT = sizeof sets / sizeof sets[0] };

static _Atomic(const kernel_set *) chosen;

static const kernel_set *find(const char *name) {
  for (int i = 0; i < SET_COUNT; i++) {
    if ((name == NULL || strcmp(sets[i]->name, name) == 0) && sets[i]->is_there()) return sets[i];
  }
  return NULL;
}

static const kernel_set *kernels(void) {
  const kernel_set *set = atomic_load_explicit(&chosen, memory_order_acquire);
  if (set != NULL) return set;
  // Several threads may come here at once; all of them find the same.
  const char *wanted = getenv("INSTRUCTBLIP_KERNELS");
  if (wanted != NULL) set = find(wanted);
  if (set == NULL) set = find(NULL);
  atomic_store_explicit(&chosen, set, memory_order_release);
  return set;
}

const char *ckernels_name(void) { return kernels()->name; }

bool ckernels_choose(const char *name) {
  const kernel_set *set = find(name);
  if (set == NULL) return false;
  atomic_store_explicit(&chosen, set, memory_order_release);
  return true;
}

void ckernels_quantize(const float *x, int64_t row, const ckernels_rows *rows) { kernels()->quantize(x, row, rows); }

void ckernels_product(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias,
                      int64_t first, int64_t last, float *out, int64_t stride) {
  kernels()->product(format, packed, outputs, x, bias, first, last, out, stride);
}

void ckernels_plain_product(ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias,
                            int64_t first, int64_t last, float *out, int64_t stride) {
  kernels()->plain(type, weights, columns, x, rows, bias, first, last, out, stride);
}

void ckernels_attend(const ckernels_attention *attention, float *scores) { kernels()->attend(attention, scores); }

uint64_t ckernels_read(const void *memory, size_t bytes) { return kernels()->read(memory, bytes); }
double ckernels_peak(int64_t rounds) { return kernels()->peak(rounds); }
