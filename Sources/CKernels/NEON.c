// arm64 with the 8-bit dot products of ARMv8.2 (all of Apple's processors, Graviton 2 and later).
#if defined(__aarch64__)
#include <arm_neon.h>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#include "Attend.h"
#include "Quantize.h"
#include "Rows.h"

static bool is_there(void) {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & (1ul << 20)) != 0;  // HWCAP_ASIMDDP
#else
  return true;
#endif
}

// Four of the 16 outputs of a block (`quarter` 0 to 3) against the `count` rows of a panel, which begins at `values` and the others.
ALWAYS void quarter_rows(const ckernels_format format, const int count, const int quarter, const uint8_t *tiles, int64_t tile_total,
                         const int8_t *values, const float *row_scales, const int32_t *corrections, float32x4_t *sums) {
  const int64_t bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE;
  for (int r = 0; r < count; r++) sums[r] = vdupq_n_f32(0);
  for (int64_t group = 0; group < 2 * tile_total; group++) {
    const uint8_t *tile = tiles + group / 2 * bytes;
    const int64_t half = group % 2;
    float16_t stored[4];
    memcpy(stored, tile + half * 2 * BLOCK + quarter * 8, sizeof stored);
    const float32x4_t weight_scales = vcvt_f32_f16(vld1_f16(stored));
    int8x16_t weights[8];
    if (format == CKERNELS_Q4) {
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        const uint8x16_t pairs = vld1q_u8(tile + SCALES + (half * 4 + i) * 64 + quarter * 16);
        weights[2 * i] = vreinterpretq_s8_u8(vandq_u8(pairs, vdupq_n_u8(15)));
        weights[2 * i + 1] = vreinterpretq_s8_u8(vshrq_n_u8(pairs, 4));
      }
    } else {
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++) {
        const uint8x16_t shifted = vld1q_u8(tile + SCALES + (half * 8 + i) * 64 + quarter * 16);
        weights[i] = vreinterpretq_s8_u8(veorq_u8(shifted, vdupq_n_u8(0x80)));
      }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
      const int64_t place = group * count + r;
      const int8x16_t low = vld1q_s8(values + place * GROUP), high = vld1q_s8(values + place * GROUP + 16);
      int32x4_t dot = vdupq_n_s32(format == CKERNELS_Q4 ? corrections[place] : 0);
      dot = vdotq_laneq_s32(dot, weights[0], low, 0);
      dot = vdotq_laneq_s32(dot, weights[1], low, 1);
      dot = vdotq_laneq_s32(dot, weights[2], low, 2);
      dot = vdotq_laneq_s32(dot, weights[3], low, 3);
      dot = vdotq_laneq_s32(dot, weights[4], high, 0);
      dot = vdotq_laneq_s32(dot, weights[5], high, 1);
      dot = vdotq_laneq_s32(dot, weights[6], high, 2);
      dot = vdotq_laneq_s32(dot, weights[7], high, 3);
      sums[r] = vfmaq_n_f32(sums[r], vmulq_f32(vcvtq_f32_s32(dot), weight_scales), row_scales[place]);
    }
  }
}

ALWAYS void panel_rows(const ckernels_format format, const int count, const uint8_t *tiles, const ckernels_rows *x, int64_t start,
                       float (*results)[BLOCK]) {
  const int64_t total = tile_count(x->columns), place = start * total * 2;
#pragma clang loop unroll(full)
  for (int quarter = 0; quarter < 4; quarter++) {
    float32x4_t sums[PANEL];
    quarter_rows(format, count, quarter, tiles, total, x->values + place * GROUP, x->scales + place, x->corrections + place, sums);
    for (int r = 0; r < count; r++) vst1q_f32(results[r] + quarter * 4, sums[r]);
  }
}

ALWAYS float32x4_t four(const ckernels_type type, const void *weights, int64_t place) {
  if (type == CKERNELS_FLOAT32) return vld1q_f32((const float *)weights + place);
  const uint16x4_t halves = vld1_u16((const uint16_t *)weights + place);
  if (type == CKERNELS_FLOAT16) return vcvt_f32_f16(vreinterpret_f16_u16(halves));
  return vreinterpretq_f32_u32(vshll_n_u16(halves, 16));
}

// One output against `count` rows of activations.
ALWAYS void plain_rows(const ckernels_type type, const int count, const void *weights, int64_t columns, int64_t output, const float *x,
                       const float *bias, float *out, int64_t stride) {
  float32x4_t sums[4][4];
  for (int r = 0; r < count; r++)
    for (int part = 0; part < 4; part++) sums[r][part] = vdupq_n_f32(0);
  const int64_t place = output * columns;
  int64_t column = 0;
  for (; column + 16 <= columns; column += 16) {
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {
      const float32x4_t w = four(type, weights, place + column + part * 4);
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) sums[r][part] = vfmaq_f32(sums[r][part], w, vld1q_f32(x + r * columns + column + part * 4));
    }
  }
  for (int r = 0; r < count; r++) {
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(sums[r][0], sums[r][1]), vaddq_f32(sums[r][2], sums[r][3])));
    for (int64_t rest = column; rest < columns; rest++) sum += one(type, weights, place + rest) * x[r * columns + rest];
    out[r * stride + output] = sum + (bias ? bias[output] : 0);
  }
}

static double peak(int64_t rounds) {
  int32x4_t sums[8];
  for (int i = 0; i < 8; i++) sums[i] = vdupq_n_s32(i);
  int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(-5);
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+w"(a), "+w"(b));
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sums[i] = vdotq_s32(sums[i], a, b);
  }
  volatile int32_t sink = 0;
  for (int i = 0; i < 8; i++) sink += vaddvq_s32(sums[i]);
  return (double)rounds * 8 * 32;
}

const kernel_set neon_kernels = {"neon", is_there, quantize_row, product, plain, attend_room, attend, read_memory, peak, float_peak, 0};

#pragma clang attribute pop
#endif
