// What the files of this target share: the geometry of packed weights, and the table of functions that an instruction set fills.
#pragma once

#include "include/CKernels.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { BLOCK = CKERNELS_BLOCK, TILE = CKERNELS_TILE, GROUP = CKERNELS_GROUP, PANEL = CKERNELS_PANEL, SCALES = 2 * 2 * CKERNELS_BLOCK };

// Bytes of a tile.
enum { Q4_TILE = SCALES + BLOCK * TILE / 2, Q8_TILE = SCALES + BLOCK * TILE };

static inline int64_t tile_bytes(ckernels_format format) { return format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE; }
static inline int64_t block_count(int64_t rows) { return (rows + BLOCK - 1) / BLOCK; }
static inline int64_t tile_count(int64_t columns) { return (columns + TILE - 1) / TILE; }

// Panels of activations, and the row that one starts with.
static inline int64_t panel_count(int64_t rows) { return (rows + PANEL - 1) / PANEL; }
static inline int64_t panel_start(int64_t rows, int64_t panel) { return rows * panel / panel_count(rows); }

// Where the first group of a row stands, and how far it is to the next, counted in groups.
static inline int64_t first_place(const ckernels_rows *x, int64_t row, int64_t *step) {
  const int64_t panel = ((row + 1) * panel_count(x->rows) - 1) / x->rows, start = panel_start(x->rows, panel);
  *step = panel_start(x->rows, panel + 1) - start;
  return start * tile_count(x->columns) * (TILE / GROUP) + row - start;
}

// What stands before the tiles.
typedef struct {
  char magic[4];
  int32_t format;
  int64_t rows, columns;
  float multiplier;  // a power of two that every scale is to be multiplied with
} packed_header;

static inline packed_header read_header(const void *packed) {
  packed_header header;
  memcpy(&header, packed, sizeof header);
  return header;
}

static inline const uint8_t *block_tiles(const void *packed, ckernels_format format, int64_t columns, int64_t block) {
  return (const uint8_t *)packed + CKERNELS_HEADER + block * tile_count(columns) * tile_bytes(format);
}

// float16, without the processor's help: the same numbers everywhere.
static inline float half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ff, bits;
  if (exponent == 31) {
    bits = sign | 0x7f800000 | fraction << 13;
  } else if (exponent != 0) {
    bits = sign | (exponent + 112) << 23 | fraction << 13;
  } else {
    float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
  }
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

// Rounded to the nearest, ties to even.
static inline uint16_t float_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
  float size = fabsf(value);
  if (!(size < 65520.0f)) return (uint16_t)(sign | (size != size ? 0x7e00 : 0x7c00));
  if (size < 0x1p-14f) return (uint16_t)(sign | (uint16_t)rintf(size * 0x1p24f));
  bits &= 0x7fffffff;
  bits += 0xfff + ((bits >> 13) & 1);
  return (uint16_t)(sign | (uint16_t)((bits >> 13) - (112 << 10)));
}

static inline float bfloat_to_float(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

// One instruction set.
struct ckernels_set {
  const char *name;
  bool (*is_there)(void);
  void (*quantize)(const float *x, int64_t row, const ckernels_rows *rows);
  void (*product)(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias, int64_t first,
                  int64_t last, float *out, int64_t stride);
  void (*plain)(ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias, int64_t first,
                int64_t last, float *out, int64_t stride);
  int64_t (*attend_room)(int64_t queries, int64_t keys, int64_t size);
  void (*attend)(const ckernels_attention *attention, float *room);
  uint64_t (*read)(const void *memory, size_t bytes);
  double (*peak)(int64_t rounds);
  double (*float_peak)(ckernels_type type, int64_t rounds);
  int64_t near_rows;  // see ckernels_near_rows
};
typedef ckernels_set kernel_set;

extern const kernel_set portable_kernels;
#if defined(__x86_64__)
extern const kernel_set avx2_kernels, avxvnni_kernels, avx512_kernels;
#elif defined(__aarch64__)
extern const kernel_set neon_kernels;
#endif
