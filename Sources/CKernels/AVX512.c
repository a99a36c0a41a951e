// x86-64 with AVX-512 and its 8-bit dot products (VNNI): one register holds the sums of a block of 16 outputs.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,f16c,fma"))), apply_to = function)

#define HAS_OWN_GROUPS
#include "Attend.h"
#define HAS_OWN_ROWS
#include "Quantize.h"
#include "Rows.h"

ALWAYS float largest_size(const float *x) {
  const __m512i sign = _mm512_set1_epi32(0x7fffffff);
  const __m512i low = _mm512_and_si512(_mm512_loadu_si512(x), sign), high = _mm512_and_si512(_mm512_loadu_si512(x + 16), sign);
  // The order of the bits is the order of the numbers, with NaN above all.
  const int32_t bits = _mm512_reduce_max_epi32(_mm512_max_epi32(low, high));
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

ALWAYS int32_t round_group(const float *x, float inverse, int8_t *values) {
  const __m512 factor = _mm512_set1_ps(inverse);
  const __m512i low = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), factor));
  const __m512i high = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 16), factor));
  _mm_storeu_si128((__m128i *)values, _mm512_cvtepi32_epi8(low));
  _mm_storeu_si128((__m128i *)(values + 16), _mm512_cvtepi32_epi8(high));
  return _mm512_reduce_add_epi32(_mm512_add_epi32(low, high));
}

static bool is_there(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
}

ALWAYS __m512i four_bytes(const int8_t *x) {
  int32_t bits;
  memcpy(&bits, x, sizeof bits);
  return _mm512_set1_epi32(bits);
}

ALWAYS __m512 scales(const uint8_t *from) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from)); }

// Tiles of one block against `count` rows, known when compiling so that the sums stay in registers. `values`, `row_scales` and
// `corrections` begin at the first of the tiles.
ALWAYS void block_rows(const ckernels_format format, const int count, const uint8_t *tiles, int64_t tile_total, const int8_t *values,
                       const float *row_scales, const int32_t *corrections, int64_t padded, __m512 *sums) {
  const int64_t bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE, groups = padded / GROUP;
  const __m512i nibble = _mm512_set1_epi8(15);
  for (int64_t t = 0; t < tile_total; t++) {
    const uint8_t *tile = tiles + t * bytes;
    // Few rows are bound by memory: the tiles that come are asked for early.
    for (int64_t line = 0; line < bytes; line += 64) _mm_prefetch((const char *)tile + 4096 + line, _MM_HINT_T0);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
      const __m512 weight_scales = scales(tile + half * 2 * BLOCK);
      __m512i weights[8];
      if (format == CKERNELS_Q4) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
          const __m512i pairs = _mm512_loadu_si512(tile + SCALES + (half * 4 + i) * 64);
          weights[2 * i] = _mm512_and_si512(pairs, nibble);
          weights[2 * i + 1] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), nibble);
        }
      } else {
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) weights[i] = _mm512_loadu_si512(tile + SCALES + (half * 8 + i) * 64);
      }
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        const int64_t group = r * groups + 2 * t + half;
        const int8_t *x = values + r * padded + t * TILE + half * GROUP;
        __m512i dot = _mm512_set1_epi32(corrections[group]);
        // In q8 a stored value is the weight plus 128 = 16 * 8.
        if (format == CKERNELS_Q8) dot = _mm512_slli_epi32(dot, 4);
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) dot = _mm512_dpbusd_epi32(dot, weights[i], four_bytes(x + 4 * i));
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), weight_scales);
        sums[r] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(row_scales[group]), sums[r]);
      }
    }
  }
}

// Rows whose sums wait in the nearest cache while the columns of a block go by.
enum { ROWS_AT_ONCE = 144 };

// Adds the tiles `from..<to` of a block to the sums of `count` rows from row `start` on.
ALWAYS void panel(const ckernels_format format, const int count, const uint8_t *tiles, const ckernels_rows *x, int64_t start, int64_t from,
                  int64_t to, float *waiting) {
  const int64_t total = tile_count(x->columns), padded = total * TILE;
  const int64_t bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE;
  __m512 sums[12];
  for (int r = 0; r < count; r++) sums[r] = from == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(waiting + r * BLOCK);
  block_rows(format, count, tiles + from * bytes, to - from, x->values + start * padded + from * TILE,
             x->scales + start * total * 2 + from * 2, x->corrections + start * total * 2 + from * 2, padded, sums);
  for (int r = 0; r < count; r++) _mm512_storeu_ps(waiting + r * BLOCK, sums[r]);
}

// Where results go, and how they end.
typedef struct {
  float *out;
  int64_t stride;
  __mmask16 there;
  const float *bias;
  float multiplier;
} target;

// A block against the rows `first..<last`, at most ROWS_AT_ONCE, taken twelve by twelve. Of many rows, as many columns at a time as stay in
// the nearest cache together with their activations.
ALWAYS void some_rows(const ckernels_format format, const uint8_t *tiles, const ckernels_rows *x, int64_t first, int64_t last,
                      const target *result) {
  float waiting[ROWS_AT_ONCE * BLOCK];
  const int64_t total = tile_count(x->columns), rows = last - first, parts = (rows + 11) / 12;
  const int64_t width = parts == 1 ? total : format == CKERNELS_Q4 ? 24 : 16;
  for (int64_t from = 0; from < total; from += width) {
    const int64_t to = from + width < total ? from + width : total;
    for (int64_t part = 0; part < parts; part++) {
      const int64_t start = rows * part / parts, count = rows * (part + 1) / parts - start;
      switch (count) {
#define ROWS(n) case n: panel(format, n, tiles, x, first + start, from, to, waiting + start * BLOCK); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#undef ROWS
        default: break;
      }
    }
  }
  const __m512 multiplier = _mm512_set1_ps(result->multiplier);
  const __m512 bias = result->bias ? _mm512_maskz_loadu_ps(result->there, result->bias) : _mm512_setzero_ps();
  for (int64_t row = 0; row < rows; row++) {
    const __m512 sum = _mm512_fmadd_ps(_mm512_loadu_ps(waiting + row * BLOCK), multiplier, bias);
    _mm512_mask_storeu_ps(result->out + (first + row) * result->stride, result->there, sum);
  }
}

ALWAYS void all_blocks(const ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride) {
  // Some rows meet all blocks before the next rows do: the activations stay in the second cache, and the weights come by once more.
  const int64_t chunks = (x->rows + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    for (int64_t index = first; index < last; index++) {
      const int64_t left = outputs - index * BLOCK;
      const target result = {
          .out = out + index * BLOCK, .stride = stride, .there = left >= BLOCK ? 0xffff : (__mmask16)((1 << left) - 1),
          .bias = bias ? bias + index * BLOCK : NULL, .multiplier = read_header(packed).multiplier};
      some_rows(format, block_tiles(packed, format, x->columns, index), x, x->rows * chunk / chunks, x->rows * (chunk + 1) / chunks, &result);
    }
  }
}

static void product(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias, int64_t first,
                    int64_t last, float *out, int64_t stride) {
  if (format == CKERNELS_Q4) {
    all_blocks(CKERNELS_Q4, packed, outputs, x, bias, first, last, out, stride);
  } else {
    all_blocks(CKERNELS_Q8, packed, outputs, x, bias, first, last, out, stride);
  }
}

// 16 weights from a place on.
ALWAYS __m512 sixteen(const ckernels_type type, const void *weights, int64_t place) {
  if (type == CKERNELS_FLOAT32) return _mm512_loadu_ps((const float *)weights + place);
  const __m256i halves = _mm256_loadu_si256((const __m256i *)((const uint16_t *)weights + place));
  if (type == CKERNELS_FLOAT16) return _mm512_cvtph_ps(halves);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// The last weights of a row, fewer than 16.
ALWAYS __m512 rest(const ckernels_type type, const void *weights, int64_t place, __mmask16 there) {
  if (type == CKERNELS_FLOAT32) return _mm512_maskz_loadu_ps(there, (const float *)weights + place);
  const __m256i halves = _mm256_maskz_loadu_epi16(there, (const uint16_t *)weights + place);
  if (type == CKERNELS_FLOAT16) return _mm512_cvtph_ps(halves);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// `outputs` rows of weights (1 or 2) against `count` rows of activations, with `parts` sums of each that do not wait for one another.
ALWAYS void plain_rows(const ckernels_type type, const int outputs, const int count, const int parts, const void *weights, int64_t columns,
                       int64_t output, const float *x, const float *bias, float *out, int64_t stride) {
  __m512 sums[2][8][4];
  for (int o = 0; o < outputs; o++)
    for (int r = 0; r < count; r++)
      for (int part = 0; part < parts; part++) sums[o][r][part] = _mm512_setzero_ps();
  const int64_t size = type == CKERNELS_FLOAT32 ? 4 : 2;
  int64_t column = 0;
  for (; column + 64 <= columns; column += 64) {
    for (int o = 0; o < outputs; o++) {
      const char *ahead = (const char *)weights + ((output + o) * columns + column) * size + 4096;
      for (int64_t line = 0; line < size; line++) _mm_prefetch(ahead + line * 64, _MM_HINT_T0);
    }
#pragma clang loop unroll(full)
    for (int part = 0; part < 4; part++) {
      __m512 w[2];
      for (int o = 0; o < outputs; o++) w[o] = sixteen(type, weights, (output + o) * columns + column + part * 16);
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        const __m512 values = _mm512_loadu_ps(x + r * columns + column + part * 16);
        for (int o = 0; o < outputs; o++) sums[o][r][part % parts] = _mm512_fmadd_ps(w[o], values, sums[o][r][part % parts]);
      }
    }
  }
  for (; column < columns; column += 16) {
    const int64_t left = columns - column;
    const __mmask16 there = left >= 16 ? 0xffff : (__mmask16)((1 << left) - 1);
    for (int o = 0; o < outputs; o++) {
      const __m512 w = rest(type, weights, (output + o) * columns + column, there);
      for (int r = 0; r < count; r++) {
        sums[o][r][0] = _mm512_fmadd_ps(w, _mm512_maskz_loadu_ps(there, x + r * columns + column), sums[o][r][0]);
      }
    }
  }
  for (int o = 0; o < outputs; o++)
    for (int r = 0; r < count; r++) {
      __m512 sum = sums[o][r][0];
      for (int part = 1; part < parts; part++) sum = _mm512_add_ps(sum, sums[o][r][part]);
      out[r * stride + output + o] = _mm512_reduce_add_ps(sum) + (bias ? bias[output + o] : 0);
    }
}

// One or two outputs for all rows: the weights are fetched once.
ALWAYS void plain_outputs(const ckernels_type type, const int outputs, const void *weights, int64_t columns, int64_t output, const float *x,
                          int64_t rows, const float *bias, float *out, int64_t stride) {
  const int64_t parts = (rows + 7) / 8;
  for (int64_t part = 0; part < parts; part++) {
    const int64_t start = rows * part / parts, count = rows * (part + 1) / parts - start;
    const float *from = x + start * columns;
    float *to = out + start * stride;
    switch (count) {
      case 1: plain_rows(type, outputs, 1, 4, weights, columns, output, from, bias, to, stride); break;
      case 2: plain_rows(type, outputs, 2, 2, weights, columns, output, from, bias, to, stride); break;
#define ROWS(n) case n: plain_rows(type, outputs, n, 1, weights, columns, output, from, bias, to, stride); break;
      ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8)
#undef ROWS
      default: break;
    }
  }
}

ALWAYS void plain_type(const ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride) {
  int64_t output = first;
  // One stream of weights is fetched fastest; with more rows, two share the loads of activations.
  if (rows > 2) {
    for (; output + 2 <= last; output += 2) plain_outputs(type, 2, weights, columns, output, x, rows, bias, out, stride);
  }
  for (; output < last; output++) plain_outputs(type, 1, weights, columns, output, x, rows, bias, out, stride);
}

static double peak(int64_t rounds) {
  __m512i sums[16];
  for (int i = 0; i < 16; i++) sums[i] = _mm512_set1_epi32(i);
  __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5);
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+v"(a), "+v"(b));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
  }
  __m512i sum = sums[0];
  for (int i = 1; i < 16; i++) sum = _mm512_add_epi32(sum, sums[i]);
  volatile int32_t sink = _mm512_reduce_add_epi32(sum);
  (void)sink;
  return (double)rounds * 16 * 128;
}

const kernel_set avx512_kernels = {"avx512vnni", is_there, quantize_row, product, plain, attend, read_memory, peak};

#pragma clang attribute pop
#endif
