// Attention of a few queries over many keys: plain C that each instruction set compiles for itself.
#pragma once

#include "Kernels.h"

// e^x for x <= 0, within 2 units in the last place: 2^n times a polynomial. NaN stays NaN.
static inline float exponential(float x) {
  const float clipped = x < -87.0f ? -87.0f : x;
  const float shifted = clipped * 1.44269504f + 12582912.0f;
  const float whole = shifted - 12582912.0f;
  const float rest = (clipped - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float y = 1.9875691500e-4f;
  y = y * rest + 1.3981999507e-3f;
  y = y * rest + 8.3334519073e-3f;
  y = y * rest + 4.1665795894e-2f;
  y = y * rest + 1.6666665459e-1f;
  y = y * rest + 5.0000001201e-1f;
  y = y * rest * rest + rest + 1.0f;
  // The lowest bits of `shifted` are n, and the others leave at the top. For NaN this is any number, whose product with NaN is NaN.
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  // Minus infinity is what a mask leaves.
  return x < -87.0f ? 0.0f : y * power;
}

static inline float dot_product(const float *a, const float *b, int64_t size) {
  float sums[32] = {0};
  int64_t i = 0;
  for (; i + 32 <= size; i += 32)
    for (int lane = 0; lane < 32; lane++) sums[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (; i < size; i++) sum += a[i] * b[i];
  for (int lane = 0; lane < 16; lane++) sums[lane] += sums[lane + 16];
  for (int lane = 0; lane < 8; lane++) sums[lane] += sums[lane + 8];
  for (int lane = 0; lane < 4; lane++) sums[lane] += sums[lane + 4];
  return sum + ((sums[0] + sums[2]) + (sums[1] + sums[3]));
}

static void attend(const ckernels_attention *a, float *scores) {
  for (int64_t row = 0; row < a->queries; row++) {
    const float *query = a->query + row * a->query_stride;
    float largest = -INFINITY;
    for (int64_t key = 0; key < a->keys; key++) scores[key] = dot_product(query, a->key + key * a->key_stride, a->size) * a->scale;
    if (a->added) {
      for (int64_t key = 0; key < a->keys; key++) scores[key] += a->added[row * a->mask_row + key * a->mask_key];
    }
    if (a->seen) {
      for (int64_t key = 0; key < a->keys; key++) {
        if (!a->seen[row * a->mask_row + key * a->mask_key]) scores[key] = -INFINITY;
      }
    }
    for (int64_t key = 0; key < a->keys; key++) largest = scores[key] > largest ? scores[key] : largest;
    const float offset = largest == -INFINITY ? 0 : largest;
    float sum = 0;
    for (int64_t key = 0; key < a->keys; key++) scores[key] = exponential(scores[key] - offset);
    for (int64_t key = 0; key < a->keys; key++) sum += scores[key];
    float *out = a->out + row * a->out_stride;
    for (int64_t i = 0; i < a->size; i++) out[i] = 0;
    for (int64_t key = 0; key < a->keys; key++) {
      const float weight = scores[key], *value = a->value + key * a->value_stride;
      for (int64_t i = 0; i < a->size; i++) out[i] += weight * value[i];
    }
    // A row that sees nothing is zero, as in libtorch; NaN among the scores has made the sum NaN.
    const float inverse = sum == 0 ? 0 : 1 / sum;
    for (int64_t i = 0; i < a->size; i++) out[i] *= inverse;
  }
}
