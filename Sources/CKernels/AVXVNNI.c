// x86-64 with AVX2 and the 8-bit dot products of AVX-VNNI, as client processors have them.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)

#include <cpuid.h>

#include "Vector256.h"

// __builtin_cpu_supports knows no name for it in older compilers.
static bool is_there(void) {
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) return false;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4)) != 0;
}

ALWAYS __m256i dot_unsigned(__m256i sums, __m256i weights, __m256i values) { return _mm256_dpbusd_avx_epi32(sums, weights, values); }

ALWAYS __m256i dot_signed(__m256i sums, __m256i weights, __m256i values) {
  return dot_unsigned(sums, _mm256_abs_epi8(weights), _mm256_sign_epi8(values, weights));
}

const kernel_set avxvnni_kernels = {"avxvnni", is_there, quantize_row, product, plain, attend_room, attend, read_memory, peak, float_peak, 0};

#pragma clang attribute pop
#endif
