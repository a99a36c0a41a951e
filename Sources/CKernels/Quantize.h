// Quantising activations and reading memory: plain C that each instruction set compiles for itself.
#pragma once

#include "Kernels.h"

// A group that holds an infinity is quantised to its infinities alone, +1 and -1, with an infinite scale: a weight of zero then gives NaN,
// as it does in float32.
static void quantize_unusual_group(const float *x, float largest, int8_t *values, float *scale, int32_t *sum) {
  *scale = largest;
  *sum = 0;
  for (int i = 0; i < GROUP; i++) {
    values[i] = isinf(x[i]) ? (x[i] > 0 ? 1 : -1) : 0;
    *sum += values[i];
  }
}

#if defined(HAS_OWN_GROUPS)
// The largest absolute value of a group, NaN if one is; and the rounding of a group, which gives the sum.
static inline float largest_size(const float *x);
static inline int32_t round_group(const float *x, float inverse, int8_t *values);
#else
static inline float largest_size(const float *x) {
  uint32_t largest = 0;
  for (int i = 0; i < GROUP; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= 0x7fffffff;
    // The order of the bits is the order of the numbers, with NaN above all.
    largest = bits > largest ? bits : largest;
  }
  float result;
  memcpy(&result, &largest, sizeof result);
  return result;
}

static inline int32_t round_group(const float *x, float inverse, int8_t *values) {
  int32_t sum = 0;
  for (int i = 0; i < GROUP; i++) {
    // Adding 1.5 * 2^23 leaves the nearest integer in the lowest bits. In two steps, as one fused operation would round differently.
    const float scaled = x[i] * inverse;
    const float shifted = scaled + 12582912.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    int8_t value = (int8_t)bits;
    values[i] = value;
    sum += value;
  }
  return sum;
}
#endif

static void quantize_row(const float *x, int64_t row, const ckernels_rows *rows) {
  int64_t columns = rows->columns, padded = tile_count(columns) * TILE, groups = padded / GROUP;
  const float *source = x + row * columns;
  int64_t step, place = first_place(rows, row, &step);
  for (int64_t group = 0; group < groups; group++, place += step) {
    float rest[GROUP];
    const float *from = source + group * GROUP;
    int64_t there = columns - group * GROUP;
    if (there < GROUP) {
      // The edge of the matrix: what is missing is zero.
      for (int64_t i = 0; i < GROUP; i++) rest[i] = i < there ? from[i] : 0;
      from = rest;
    }
    int8_t *to = rows->values + place * GROUP;
    int32_t sum = 0;
    const float largest = largest_size(from);
    if (!(largest <= FLT_MAX)) {
      quantize_unusual_group(from, largest, to, rows->scales + place, &sum);
    } else {
      rows->scales[place] = largest / 127;
      // Below this the inverse overflows, and what is lost is nothing beside any other number.
      sum = round_group(from, largest > 1e-35f ? 127 / largest : 0, to);
    }
    rows->corrections[place] = -8 * sum;
  }
}

static uint64_t read_memory(const void *memory, size_t bytes) {
  // Every line is touched and added up; the additions are fewer than the loads can wait for.
  typedef uint64_t lanes __attribute__((vector_size(64), aligned(8)));
  const lanes *words = memory;
  lanes sums[8] = {0};
  const size_t count = bytes / sizeof(lanes);
  for (size_t i = 0; i + 8 <= count; i += 8) {
#pragma clang loop unroll(full)
    for (size_t lane = 0; lane < 8; lane++) __builtin_prefetch((const char *)(words + i + lane) + 4096);
#pragma clang loop unroll(full)
    for (size_t lane = 0; lane < 8; lane++) sums[lane] += words[i + lane];
  }
  uint64_t sum = 0;
  for (int lane = 0; lane < 8; lane++)
    for (int word = 0; word < 8; word++) sum += sums[lane][word];
  return sum;
}
