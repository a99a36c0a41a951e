// Attention of a head's queries to its keys: plain C that each instruction set compiles for itself.
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

// The softmax of a row's scores before it is divided by its sum; gives what to multiply with instead.
static inline float soften(const ckernels_attention *a, int64_t row, float *scores) {
  for (int64_t key = 0; key < a->keys; key++) scores[key] *= a->scale;
  if (a->added) {
    for (int64_t key = 0; key < a->keys; key++) scores[key] += a->added[row * a->mask_row + key * a->mask_key];
  }
  if (a->seen) {
    for (int64_t key = 0; key < a->keys; key++) {
      if (!a->seen[row * a->mask_row + key * a->mask_key]) scores[key] = -INFINITY;
    }
  }
  float largest = -INFINITY, sum = 0;
  for (int64_t key = 0; key < a->keys; key++) largest = scores[key] > largest ? scores[key] : largest;
  const float offset = largest == -INFINITY ? 0 : largest;
  for (int64_t key = 0; key < a->keys; key++) scores[key] = exponential(scores[key] - offset);
  // Several sums: the additions need not wait for each other.
  float sums[16] = {0};
  int64_t key = 0;
  for (; key + 16 <= a->keys; key += 16)
    for (int lane = 0; lane < 16; lane++) sums[lane] += scores[key + lane];
  for (; key < a->keys; key++) sum += scores[key];
  for (int lane = 0; lane < 16; lane++) sum += sums[lane];
  // A row that sees nothing is zero, as in libtorch; NaN among the scores has made the sum NaN.
  return sum == 0 ? 0 : 1 / sum;
}

static void attend_few(const ckernels_attention *a, float *scores) {
  for (int64_t row = 0; row < a->queries; row++) {
    const float *query = a->query + row * a->query_stride;
    for (int64_t key = 0; key < a->keys; key++) scores[key] = dot_product(query, a->key + key * a->key_stride, a->size);
    const float inverse = soften(a, row, scores);
    float *out = a->out + row * a->out_stride;
    for (int64_t i = 0; i < a->size; i++) out[i] = 0;
    for (int64_t key = 0; key < a->keys; key++) {
      const float weight = scores[key], *value = a->value + key * a->value_stride;
      for (int64_t i = 0; i < a->size; i++) out[i] += weight * value[i];
    }
    for (int64_t i = 0; i < a->size; i++) out[i] *= inverse;
  }
}

#if !defined(LANES)
#define LANES 4  // floats in a register
#endif
typedef float lanes __attribute__((vector_size(4 * LANES), aligned(4)));

// Many queries: keys and values are copied into strips, STRIP columns of a matrix with its rows one after another, and met by QUERIES rows
// at a time, whose sums stay in registers. So many rows share a strip while it is near as have room for their scores beside it.
enum { STRIP = 2 * LANES, QUERIES = 6, NEAR_QUERIES = 6 * QUERIES };

static inline int64_t strips(int64_t columns) { return (columns + STRIP - 1) / STRIP; }

// QUERIES rows of numbers times one strip.
static inline void times_strip(int64_t count, const float *rows, int64_t stride, const float *strip, float *out, int64_t out_stride) {
  lanes sums[QUERIES][2] = {0};
  for (int64_t i = 0; i < count; i++) {
    const lanes left = *(const lanes *)(strip + i * STRIP), right = *(const lanes *)(strip + i * STRIP + LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < QUERIES; r++) {
      sums[r][0] += rows[r * stride + i] * left;
      sums[r][1] += rows[r * stride + i] * right;
    }
  }
  for (int r = 0; r < QUERIES; r++) {
    *(lanes *)(out + r * out_stride) = sums[r][0];
    *(lanes *)(out + r * out_stride + LANES) = sums[r][1];
  }
}

// Products of `count` rows with all strips of a matrix of `height` rows. The last rows are taken with some before them, once more.
static inline void times_strips(int64_t count, int64_t height, const float *rows, int64_t stride, const float *matrix, int64_t width,
                                float *out) {
  for (int64_t strip = 0; strip < width / STRIP; strip++) {
    for (int64_t row = 0; row < count; row += QUERIES) {
      const int64_t start = row + QUERIES <= count ? row : count - QUERIES;
      times_strip(height, rows + start * stride, stride, matrix + strip * height * STRIP, out + start * width + strip * STRIP, width);
    }
  }
}

static void attend_many(const ckernels_attention *a, float *room) {
  const int64_t keys = strips(a->keys) * STRIP, channels = strips(a->size) * STRIP;
  float *turned = room, *values = turned + keys * a->size, *scores = values + channels * a->keys, *mixed = scores + NEAR_QUERIES * keys;
  for (int64_t strip = 0; strip < keys; strip += STRIP)
    for (int64_t key = strip; key < strip + STRIP; key++)
      for (int64_t i = 0; i < a->size; i++) turned[strip * a->size + i * STRIP + key - strip] = key < a->keys ? a->key[key * a->key_stride + i] : 0;
  for (int64_t strip = 0; strip < channels; strip += STRIP)
    for (int64_t key = 0; key < a->keys; key++)
      for (int64_t i = strip; i < strip + STRIP; i++) {
        values[strip * a->keys + key * STRIP + i - strip] = i < a->size ? a->value[key * a->value_stride + i] : 0;
      }
  for (int64_t start = 0, count; start < a->queries; start += count) {
    // What would be left alone at the end is taken along.
    count = a->queries - start < NEAR_QUERIES + QUERIES ? a->queries - start : NEAR_QUERIES;
    if (count > NEAR_QUERIES) count = NEAR_QUERIES - QUERIES;
    times_strips(count, a->size, a->query + start * a->query_stride, a->query_stride, turned, keys, scores);
    float inverses[NEAR_QUERIES];
    for (int64_t row = 0; row < count; row++) inverses[row] = soften(a, start + row, scores + row * keys);
    times_strips(count, a->keys, scores, keys, values, channels, mixed);
    for (int64_t row = 0; row < count; row++) {
      float *out = a->out + (start + row) * a->out_stride;
      for (int64_t i = 0; i < a->size; i++) out[i] = mixed[row * channels + i] * inverses[row];
    }
  }
}

// Multiplies and adds float32 in registers alone: what there is for every type of floats, where nothing else is known.
static inline double float_peak(ckernels_type type, int64_t rounds) {
  (void)type;
  lanes sums[10], a, b;
  for (int lane = 0; lane < LANES; lane++) a[lane] = 1.0f + 0x1p-20f, b[lane] = 0x1p-20f;
  for (int i = 0; i < 10; i++) sums[i] = a * (float)i;
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" ::: "memory");
#pragma clang loop unroll(full)
    for (int i = 0; i < 10; i++) sums[i] = sums[i] * a + b;
  }
  for (int i = 1; i < 10; i++) sums[0] += sums[i];
  volatile float sink = sums[0][0];
  (void)sink;
  return (double)rounds * 10 * 2 * LANES;
}

static int64_t attend_room(int64_t queries, int64_t key_count, int64_t size) {
  if (queries <= CKERNELS_FEW_ROWS) return key_count;
  const int64_t keys = strips(key_count) * STRIP, channels = strips(size) * STRIP;
  return keys * size + channels * key_count + NEAR_QUERIES * (keys + channels);
}

static void attend(const ckernels_attention *a, float *room) {
  if (a->queries <= CKERNELS_FEW_ROWS) attend_few(a, room);
  else attend_many(a, room);
}
