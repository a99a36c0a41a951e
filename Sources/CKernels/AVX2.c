// x86-64 with AVX2: dot products of bytes in two steps.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "Vector256.h"

static bool is_there(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

// Pairs stay within 16 bits: 2 * 15 * 128 here, 2 * 127 * 127 below.
ALWAYS __m256i dot_unsigned(__m256i sums, __m256i weights, __m256i values) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(weights, values), _mm256_set1_epi16(1)));
}

ALWAYS __m256i dot_signed(__m256i sums, __m256i weights, __m256i values) {
  return dot_unsigned(sums, _mm256_abs_epi8(weights), _mm256_sign_epi8(values, weights));
}

const kernel_set avx2_kernels = {"avx2", is_there, quantize_row, product, plain, attend_room, attend, read_memory, peak, float_peak, 0};

#pragma clang attribute pop
#endif
