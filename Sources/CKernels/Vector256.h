// Products in registers of 256 bits. AVX2.c and AVXVNNI.c include this with their own dot product: `dot_unsigned` (weights 0...15) and
// `dot_signed` (weights -127...127) of four neighbours, added to sums.
#pragma once

#define LANES 8
#include "Attend.h"
#include "Quantize.h"
#include "Rows.h"

#include <immintrin.h>

ALWAYS __m256i dot_unsigned(__m256i sums, __m256i weights, __m256i values);
ALWAYS __m256i dot_signed(__m256i sums, __m256i weights, __m256i values);

ALWAYS __m256i four_bytes(const int8_t *x) {
  int32_t bits;
  memcpy(&bits, x, sizeof bits);
  return _mm256_set1_epi32(bits);
}

// Eight of the 16 outputs of a block (`side` 0 or 1) against the `count` rows of a panel, which begins at `values` and the others.
ALWAYS void side_rows(const ckernels_format format, const int count, const int side, const uint8_t *tiles, int64_t tile_total,
                      const int8_t *values, const float *row_scales, const int32_t *corrections, __m256 *sums) {
  const int64_t bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE;
  const __m256i nibble = _mm256_set1_epi8(15), sign = _mm256_set1_epi8((char)0x80);
  for (int r = 0; r < count; r++) sums[r] = _mm256_setzero_ps();
  for (int64_t group = 0; group < 2 * tile_total; group++) {
    const uint8_t *tile = tiles + group / 2 * bytes;
    const int64_t half = group % 2;
    if (count == 1 && side == 0 && half == 0) {
      for (int64_t line = 0; line < bytes; line += 64) _mm_prefetch((const char *)tile + 4096 + line, _MM_HINT_T0);
    }
    __m256i dots[PANEL];
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
      dots[r] = format == CKERNELS_Q4 ? _mm256_set1_epi32(corrections[group * count + r]) : _mm256_setzero_si256();
    }
    // All rows take four columns before any takes the next: neighbouring products do not wait for each other.
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
      const uint8_t *stored = tile + SCALES + (format == CKERNELS_Q4 ? half * 4 + i / 2 : half * 8 + i) * 64 + side * 32;
      __m256i weights = _mm256_loadu_si256((const __m256i *)stored);
      if (format == CKERNELS_Q4) weights = _mm256_and_si256(i % 2 == 0 ? weights : _mm256_srli_epi16(weights, 4), nibble);
      else weights = _mm256_xor_si256(weights, sign);
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        const __m256i four = four_bytes(values + (group * count + r) * GROUP + 4 * i);
        dots[r] = format == CKERNELS_Q4 ? dot_unsigned(dots[r], weights, four) : dot_signed(dots[r], weights, four);
      }
    }
    const __m256 weight_scales = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(tile + half * 2 * BLOCK + side * 16)));
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
      const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[r]), weight_scales);
      sums[r] = _mm256_fmadd_ps(scaled, _mm256_set1_ps(row_scales[group * count + r]), sums[r]);
    }
  }
}

ALWAYS void panel_rows(const ckernels_format format, const int count, const uint8_t *tiles, const ckernels_rows *x, int64_t start,
                       float (*results)[BLOCK]) {
  const int64_t total = tile_count(x->columns), place = start * total * 2;
#pragma clang loop unroll(full)
  for (int side = 0; side < 2; side++) {
    __m256 sums[PANEL];
    side_rows(format, count, side, tiles, total, x->values + place * GROUP, x->scales + place, x->corrections + place, sums);
    for (int r = 0; r < count; r++) _mm256_storeu_ps(results[r] + side * 8, sums[r]);
  }
}

ALWAYS __m256 eight(const ckernels_type type, const void *weights, int64_t place) {
  if (type == CKERNELS_FLOAT32) return _mm256_loadu_ps((const float *)weights + place);
  const __m128i halves = _mm_loadu_si128((const __m128i *)((const uint16_t *)weights + place));
  if (type == CKERNELS_FLOAT16) return _mm256_cvtph_ps(halves);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

ALWAYS float total(__m256 sums) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

// One output against `count` rows of activations.
ALWAYS void plain_rows(const ckernels_type type, const int count, const void *weights, int64_t columns, int64_t output, const float *x,
                       const float *bias, float *out, int64_t stride) {
  __m256 sums[4][2];
  for (int r = 0; r < count; r++) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  const int64_t place = output * columns, size = type == CKERNELS_FLOAT32 ? 4 : 2;
  int64_t column = 0;
  for (; column + 16 <= columns; column += 16) {
    _mm_prefetch((const char *)weights + (place + column) * size + 4096, _MM_HINT_T0);
#pragma clang loop unroll(full)
    for (int part = 0; part < 2; part++) {
      const __m256 w = eight(type, weights, place + column + part * 8);
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        sums[r][part] = _mm256_fmadd_ps(w, _mm256_loadu_ps(x + r * columns + column + part * 8), sums[r][part]);
      }
    }
  }
  for (int r = 0; r < count; r++) {
    float sum = total(_mm256_add_ps(sums[r][0], sums[r][1]));
    for (int64_t rest = column; rest < columns; rest++) sum += one(type, weights, place + rest) * x[r * columns + rest];
    out[r * stride + output] = sum + (bias ? bias[output] : 0);
  }
}

static double peak(int64_t rounds) {
  __m256i sums[8];
  for (int i = 0; i < 8; i++) sums[i] = _mm256_set1_epi32(i);
  __m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-5);
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+x"(a), "+x"(b));
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sums[i] = dot_unsigned(sums[i], a, b);
  }
  volatile int32_t sink = 0;
  for (int i = 0; i < 8; i++) sink += _mm256_extract_epi32(sums[i], 0);
  return (double)rounds * 8 * 64;
}
