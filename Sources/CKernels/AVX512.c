// x86-64 with AVX-512 and its 8-bit dot products (VNNI): one register holds the sums of a block of 16 outputs.
#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,f16c,fma"))), apply_to = function)

#define HAS_OWN_GROUPS
#define LANES 16
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

// Which lines of the tiles to come are asked for: how far they are, the first of a half tile, and from one to the next.
typedef struct {
  int64_t distance, first, step;
} asking;

// Tiles `from..<to` of `blocks` neighbouring blocks (1 or 2) against the `count` rows of a panel; both are known when compiling, so that the
// sums stay in registers. `values`, `scales` and `corrections` begin at the panel. With two blocks each load of activations serves two
// products: these, and the multiplication with scales, are then all that the processor waits for.
ALWAYS void add_tiles(const ckernels_format format, const int blocks, const int count, const uint8_t *tiles, int64_t block_bytes,
                      int64_t from, int64_t to, const int8_t *values, const float *row_scales, const int32_t *corrections, asking ask,
                      __m512 (*sums)[PANEL]) {
  const int64_t bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE;
  const __m512i nibble = _mm512_set1_epi8(15);
  for (int64_t group = 2 * from; group < 2 * to; group++) {
    const uint8_t *tile = tiles + group / 2 * bytes;
    const int64_t half = group % 2;
    // Line by line of both blocks in turn: neither stream of memory waits for the other.
    for (int64_t line = ask.first; line < (bytes / 64 + 1 - half) / 2; line += ask.step) {
      for (int b = 0; b < blocks; b++) {
        _mm_prefetch((const char *)tile + b * block_bytes + ask.distance + (half * (bytes / 128 + 1) + line) * 64, _MM_HINT_T0);
      }
    }
    __m512i dots[2][PANEL];
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
      __m512i start = _mm512_set1_epi32(corrections[group * count + r]);
      // Spread first and shifted then: the other way round, which compilers prefer, takes a unit that multiplies.
      __asm__("" : "+v"(start));
      // In q8 a stored value is the weight plus 128 = 16 * 8.
      if (format == CKERNELS_Q8) start = _mm512_slli_epi32(start, 4);
      for (int b = 0; b < blocks; b++) dots[b][r] = start;
    }
    // All rows take four columns before any takes the next: neighbouring products do not wait for each other.
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) {
      __m512i weights[2];
      for (int b = 0; b < blocks; b++) {
        const uint8_t *stored = tile + b * block_bytes + SCALES;
        if (format == CKERNELS_Q4) {
          const __m512i pairs = _mm512_loadu_si512(stored + (half * 4 + i / 2) * 64);
          weights[b] = _mm512_and_si512(i % 2 == 0 ? pairs : _mm512_srli_epi16(pairs, 4), nibble);
        } else {
          weights[b] = _mm512_loadu_si512(stored + (half * 8 + i) * 64);
        }
      }
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        const __m512i four = four_bytes(values + (group * count + r) * GROUP + 4 * i);
        for (int b = 0; b < blocks; b++) dots[b][r] = _mm512_dpbusd_epi32(dots[b][r], weights[b], four);
      }
    }
    for (int b = 0; b < blocks; b++) {
      const __m512 weight_scales = scales(tile + b * block_bytes + half * 2 * BLOCK);
#pragma clang loop unroll(full)
      for (int r = 0; r < count; r++) {
        const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[b][r]), weight_scales);
        sums[b][r] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(row_scales[group * count + r]), sums[b][r]);
      }
    }
  }
}

// The sums of one panel with two blocks, where they wait for further columns.
typedef float waiting_sums[2][PANEL][BLOCK];

// Adds the tiles `from..<to` to the sums of the panel that starts at row `start`.
ALWAYS void add_panel(const ckernels_format format, const int blocks, const int count, const uint8_t *tiles, const ckernels_rows *x,
                      int64_t start, int64_t from, int64_t to, asking ask, waiting_sums waiting) {
  const int64_t total = tile_count(x->columns), place = start * total * 2;
  __m512 sums[2][PANEL];
  for (int b = 0; b < blocks; b++)
    for (int r = 0; r < count; r++) sums[b][r] = from == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(waiting[b][r]);
  add_tiles(format, blocks, count, tiles, total * (format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE), from, to, x->values + place * GROUP,
            x->scales + place, x->corrections + place, ask, sums);
  for (int b = 0; b < blocks; b++)
    for (int r = 0; r < count; r++) _mm512_storeu_ps(waiting[b][r], sums[b][r]);
}

// PANELS_AT_ONCE: panels whose sums wait in the nearest cache while the columns of their blocks go by. NEAR_TILES: of many rows, how many
// tiles of two blocks stay there until all panels have met them, with room for as many to come.
enum { PANELS_AT_ONCE = 24, NEAR_TILES = 8 };

// Where results go, and how they end.
typedef struct {
  float *out;
  int64_t stride;
  const float *bias;
  float multiplier;
} target;

// One block or two against the panels `first..<last`. `outputs` are left from the first block on.
ALWAYS void some_panels(const ckernels_format format, const int blocks, const uint8_t *tiles, int64_t outputs, const ckernels_rows *x,
                        int64_t first, int64_t last, const target *result) {
  waiting_sums waiting[PANELS_AT_ONCE];
  const int64_t total = tile_count(x->columns), bytes = format == CKERNELS_Q4 ? Q4_TILE : Q8_TILE, panels = last - first;
  // Few rows are bound by memory: the first panel asks for all that comes soon. Of many, each asks for a part of the next columns.
  const int64_t soon = 4096 / bytes;
  for (int64_t from = 0, to; from < total; from = to) {
    if (panels == 1 && from + soon < total) to = total - soon;
    else to = panels > 1 && from + NEAR_TILES < total ? from + NEAR_TILES : total;
    // After the last columns come the next blocks.
    const int64_t jump = to == total ? (blocks - 1) * total * bytes : 0;
    for (int64_t panel = first; panel < last; panel++) {
      const int64_t start = panel_start(x->rows, panel), count = panel_start(x->rows, panel + 1) - start;
      const asking all = {soon * bytes + jump, 0, 1}, part = {NEAR_TILES * bytes + jump, panels <= 2 ? Q8_TILE : panel - first, panels};
      // What asks for all lines is compiled without a loop.
      switch (count + (panels <= 2 && panel == first ? PANEL : 0)) {
#define ROWS(n) \
  case n: add_panel(format, blocks, n, tiles, x, start, from, to, part, waiting[panel - first]); break; \
  case n + PANEL: add_panel(format, blocks, n, tiles, x, start, from, to, all, waiting[panel - first]); break;
        ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#undef ROWS
        default: break;
      }
    }
  }
  const __m512 multiplier = _mm512_set1_ps(result->multiplier);
  for (int b = 0; b < blocks; b++) {
    const int64_t left = outputs - b * BLOCK;
    const __mmask16 there = left >= BLOCK ? 0xffff : (__mmask16)((1 << left) - 1);
    const __m512 bias = result->bias ? _mm512_maskz_loadu_ps(there, result->bias + b * BLOCK) : _mm512_setzero_ps();
    for (int64_t panel = first; panel < last; panel++) {
      const int64_t start = panel_start(x->rows, panel), end = panel_start(x->rows, panel + 1);
      for (int64_t row = start; row < end; row++) {
        const __m512 sum = _mm512_fmadd_ps(_mm512_loadu_ps(waiting[panel - first][b][row - start]), multiplier, bias);
        _mm512_mask_storeu_ps(result->out + row * result->stride + b * BLOCK, there, sum);
      }
    }
  }
}

ALWAYS void all_blocks(const ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias,
                       int64_t first, int64_t last, float *out, int64_t stride) {
  // Some panels meet all blocks before the next do: the activations stay in the second cache, and the weights come by once more.
  const int64_t panels = panel_count(x->rows), chunks = (panels + PANELS_AT_ONCE - 1) / PANELS_AT_ONCE;
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    const int64_t start = panels * chunk / chunks, end = panels * (chunk + 1) / chunks;
    for (int64_t index = first, blocks; index < last; index += blocks) {
      const uint8_t *tiles = block_tiles(packed, format, x->columns, index);
      const target result = {out + index * BLOCK, stride, bias ? bias + index * BLOCK : NULL, read_header(packed).multiplier};
      // One row alone is bound by memory, which is fastest in one stream.
      blocks = x->rows > 1 && index + 2 <= last ? 2 : 1;
      if (blocks == 2) some_panels(format, 2, tiles, outputs - index * BLOCK, x, start, end, &result);
      else some_panels(format, 1, tiles, outputs - index * BLOCK, x, start, end, &result);
    }
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

// What `_mm512_reduce_add_ps` makes of 16 registers one by one, in the same order: two outputs of row after row.
ALWAYS __m512 totals(__m512 (*sums)[8][4]) {
  __m512 halves[8], quarters[4], eighths[2];
  for (int i = 0; i < 8; i++) {
    const __m512 a = sums[0][i][0], b = sums[1][i][0];
    halves[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  }
  for (int i = 0; i < 4; i++) {
    const __m512 a = halves[2 * i], b = halves[2 * i + 1];
    quarters[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
  }
  for (int i = 0; i < 2; i++) {
    const __m512d a = _mm512_castps_pd(quarters[2 * i]), b = _mm512_castps_pd(quarters[2 * i + 1]);
    eighths[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
  }
  const __m512 a = eighths[0], b = eighths[1];
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_ps(order, _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd)));
}

// `outputs` rows of weights (1 or 2) against `count` rows of activations, with `parts` sums of each that do not wait for one another.
ALWAYS void plain_rows(const ckernels_type type, const int outputs, const int count, const int parts, const void *weights, int64_t columns,
                       int64_t output, const float *x, const float *bias, float *out, int64_t stride) {
  __m512 sums[2][8][4];
  for (int o = 0; o < outputs; o++)
    for (int r = 0; r < 8; r++)
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
    for (int r = 0; r < count; r++)
      for (int part = 1; part < parts; part++) sums[o][r][0] = _mm512_add_ps(sums[o][r][0], sums[o][r][part]);
  if (outputs == 1) {
    for (int r = 0; r < count; r++) out[r * stride + output] = _mm512_reduce_add_ps(sums[0][r][0]) + (bias ? bias[output] : 0);
    return;
  }
  double pair = 0;
  if (bias) memcpy(&pair, bias + output, sizeof pair);
  float pairs[16];
  _mm512_storeu_ps(pairs, _mm512_add_ps(totals(sums), _mm512_castpd_ps(_mm512_set1_pd(pair))));
  for (int r = 0; r < count; r++) memcpy(out + r * stride + output, pairs + 2 * r, 2 * sizeof(float));
}

// One or two outputs for all rows: the weights are fetched once.
ALWAYS void plain_outputs(const ckernels_type type, const int outputs, const void *weights, int64_t columns, int64_t output, const float *x,
                          int64_t rows, const float *bias, float *out, int64_t stride) {
  const int64_t parts = (rows + 7) / 8;
  // Short rows are added up in one order, however many there are: what one of them is given does not depend on the others.
  const int few = columns <= 1024 ? 10 : 0;
  for (int64_t part = 0; part < parts; part++) {
    const int64_t start = rows * part / parts, count = rows * (part + 1) / parts - start;
    const float *from = x + start * columns;
    float *to = out + start * stride;
    switch (count <= 2 ? count + few : count) {
      case 1: plain_rows(type, outputs, 1, 4, weights, columns, output, from, bias, to, stride); break;
      case 2: plain_rows(type, outputs, 2, 2, weights, columns, output, from, bias, to, stride); break;
      case 11: plain_rows(type, outputs, 1, 1, weights, columns, output, from, bias, to, stride); break;
      case 12: plain_rows(type, outputs, 2, 1, weights, columns, output, from, bias, to, stride); break;
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

// Some processors multiply pairs of bfloat16 at once, which libtorch makes use of.
__attribute__((target("avx512bf16"))) static double bfloat_peak(int64_t rounds) {
  __m512 sums[16];
  for (int i = 0; i < 16; i++) sums[i] = _mm512_set1_ps((float)i);
  __m512i a = _mm512_set1_epi16(0x3f80), b = _mm512_set1_epi16(0x3c00);
  for (int64_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+v"(a), "+v"(b));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)a, (__m512bh)b);
  }
  for (int i = 1; i < 16; i++) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  volatile float sink = _mm512_reduce_add_ps(sums[0]);
  (void)sink;
  return (double)rounds * 16 * 64;
}

static double any_float_peak(ckernels_type type, int64_t rounds) {
  return type == CKERNELS_BFLOAT16 && __builtin_cpu_supports("avx512bf16") ? bfloat_peak(rounds) : float_peak(type, rounds);
}

const kernel_set avx512_kernels = {"avx512vnni", is_there, quantize_row, product, plain, attend_room, attend, read_memory, peak, any_float_peak,
                                   INT64_MAX};

#pragma clang attribute pop
#endif
