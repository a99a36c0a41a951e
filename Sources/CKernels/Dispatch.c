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

static const kernel_set *find(const char *name) {
  for (int i = 0; i < SET_COUNT; i++) {
    if ((name == NULL || strcmp(sets[i]->name, name) == 0) && sets[i]->is_there()) return sets[i];
  }
  return NULL;
}

static _Atomic(const kernel_set *) usual;
static _Thread_local const kernel_set *chosen;

const ckernels_set *ckernels_current(void) {
  if (chosen != NULL) return chosen;
  const kernel_set *set = atomic_load_explicit(&usual, memory_order_acquire);
  if (set != NULL) return set;
  // Several threads may come here at once; all of them find the same.
  const char *wanted = getenv("INSTRUCTBLIP_KERNELS");
  if (wanted != NULL) set = find(wanted);
  if (set == NULL) set = find(NULL);
  atomic_store_explicit(&usual, set, memory_order_release);
  return set;
}

bool ckernels_choose(const char *name) {
  chosen = name == NULL ? NULL : find(name);
  return name == NULL || chosen != NULL;
}

const char *ckernels_name(const ckernels_set *set) { return set->name; }

void ckernels_quantize(const ckernels_set *set, const float *x, int64_t row, const ckernels_rows *rows) { set->quantize(x, row, rows); }

void ckernels_product(const ckernels_set *set, ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x,
                      const float *bias, int64_t first, int64_t last, float *out, int64_t stride) {
  set->product(format, packed, outputs, x, bias, first, last, out, stride);
}

void ckernels_plain_product(const ckernels_set *set, ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows,
                            const float *bias, int64_t first, int64_t last, float *out, int64_t stride) {
  set->plain(type, weights, columns, x, rows, bias, first, last, out, stride);
}

int64_t ckernels_near_rows(const ckernels_set *set) { return set->near_rows; }

int64_t ckernels_attend_room(const ckernels_set *set, int64_t queries, int64_t keys, int64_t size) {
  return set->attend_room(queries, keys, size);
}

void ckernels_attend(const ckernels_set *set, const ckernels_attention *attention, float *room) { set->attend(attention, room); }

uint64_t ckernels_read(const ckernels_set *set, const void *memory, size_t bytes) { return set->read(memory, bytes); }
double ckernels_peak(const ckernels_set *set, int64_t rounds) { return set->peak(rounds); }
double ckernels_float_peak(const ckernels_set *set, ckernels_type type, int64_t rounds) { return set->float_peak(type, rounds); }
