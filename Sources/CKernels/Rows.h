// What instruction sets do alike around their own inner loops. One that goes through rows and blocks in its own way says HAS_OWN_ROWS and
// writes `product` and `plain_type` itself.
#pragma once

#include "Kernels.h"

#define ALWAYS static inline __attribute__((always_inline))

#if !defined(HAS_OWN_ROWS)
// A block of packed weights against all rows; `there` of its 16 outputs belong to the matrix.
ALWAYS void all_rows(const ckernels_format format, const uint8_t *tiles, const ckernels_rows *x, float multiplier, const float *bias,
                     int there, float *out, int64_t stride);

static void product(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias, int64_t first,
                    int64_t last, float *out, int64_t stride) {
  const float multiplier = read_header(packed).multiplier;
  for (int64_t index = first; index < last; index++) {
    const uint8_t *tiles = block_tiles(packed, format, x->columns, index);
    const int64_t left = outputs - index * BLOCK;
    const int there = left >= BLOCK ? BLOCK : (int)left;
    const float *added = bias ? bias + index * BLOCK : NULL;
    if (format == CKERNELS_Q4) {
      all_rows(CKERNELS_Q4, tiles, x, multiplier, added, there, out + index * BLOCK, stride);
    } else {
      all_rows(CKERNELS_Q8, tiles, x, multiplier, added, there, out + index * BLOCK, stride);
    }
  }
}

// One output of plain weights against `count` rows of activations, 1 to 4.
ALWAYS void plain_rows(const ckernels_type type, const int count, const void *weights, int64_t columns, int64_t output, const float *x,
                       const float *bias, float *out, int64_t stride);

// One weight, for the columns that fill no register.
ALWAYS float one(const ckernels_type type, const void *weights, int64_t place) {
  if (type == CKERNELS_FLOAT32) return ((const float *)weights)[place];
  const uint16_t half = ((const uint16_t *)weights)[place];
  return type == CKERNELS_FLOAT16 ? half_to_float(half) : bfloat_to_float(half);
}

ALWAYS void plain_type(const ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride) {
  for (int64_t output = first; output < last; output++) {
    // All rows meet an output's weights while these are near.
    for (int64_t start = 0; start < rows; start += 4) {
      const float *from = x + start * columns;
      float *to = out + start * stride;
      switch (rows - start) {
        case 1: plain_rows(type, 1, weights, columns, output, from, bias, to, stride); break;
        case 2: plain_rows(type, 2, weights, columns, output, from, bias, to, stride); break;
        case 3: plain_rows(type, 3, weights, columns, output, from, bias, to, stride); break;
        default: plain_rows(type, 4, weights, columns, output, from, bias, to, stride); break;
      }
    }
  }
}
#else
ALWAYS void plain_type(const ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride);
#endif

static void plain(ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias, int64_t first,
                  int64_t last, float *out, int64_t stride) {
  switch (type) {
    case CKERNELS_FLOAT32: plain_type(CKERNELS_FLOAT32, weights, columns, x, rows, bias, first, last, out, stride); break;
    case CKERNELS_BFLOAT16: plain_type(CKERNELS_BFLOAT16, weights, columns, x, rows, bias, first, last, out, stride); break;
    default: plain_type(CKERNELS_FLOAT16, weights, columns, x, rows, bias, first, last, out, stride); break;
  }
}
