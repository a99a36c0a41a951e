// What instruction sets do alike around their own inner loops. One that goes through rows and blocks in its own way says HAS_OWN_ROWS and
// writes `all_blocks` and `plain_type` itself.
#pragma once

#include "Kernels.h"

#define ALWAYS static inline __attribute__((always_inline))

#if !defined(HAS_OWN_ROWS)
// A block of packed weights against the `count` rows of the panel that begins with row `start`; `count` is known when compiling.
ALWAYS void panel_rows(const ckernels_format format, const int count, const uint8_t *tiles, const ckernels_rows *x, int64_t start,
                       float (*results)[BLOCK]);

ALWAYS void all_blocks(const ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride) {
  const float multiplier = read_header(packed).multiplier;
  for (int64_t block = first; block < last; block++) {
    const uint8_t *tiles = block_tiles(packed, format, x->columns, block);
    const int64_t output = block * BLOCK, there = outputs - output < BLOCK ? outputs - output : BLOCK;
    for (int64_t panel = 0; panel < panel_count(x->rows); panel++) {
      const int64_t start = panel_start(x->rows, panel), count = panel_start(x->rows, panel + 1) - start;
      float results[PANEL][BLOCK];
      switch (count) {
#define ROWS(n) case n: panel_rows(format, n, tiles, x, start, results); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#undef ROWS
        default: break;
      }
      for (int64_t r = 0; r < count; r++) {
        float *to = out + (start + r) * stride + output;
        for (int64_t i = 0; i < there; i++) to[i] = results[r][i] * multiplier + (bias ? bias[output + i] : 0);
      }
    }
  }
}
#else
ALWAYS void all_blocks(const ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride);
#endif

static void product(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias, int64_t first,
                    int64_t last, float *out, int64_t stride) {
  if (format == CKERNELS_Q4) {
    all_blocks(CKERNELS_Q4, packed, outputs, x, bias, first, last, out, stride);
  } else {
    all_blocks(CKERNELS_Q8, packed, outputs, x, bias, first, last, out, stride);
  }
}

#if !defined(HAS_OWN_ROWS)
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
