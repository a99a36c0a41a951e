// The reference of every other instruction set, and what runs where there is none.
#include "Attend.h"
#include "Quantize.h"

static bool is_there(void) { return true; }

// The value of a weight in a tile: `half` of its columns, a row, a column of the half.
static inline int weight_value(ckernels_format format, const uint8_t *tile, int half, int row, int column) {
  if (format == CKERNELS_Q8) return (int)tile[SCALES + half * 8 * 64 + column / 4 * 64 + row * 4 + column % 4] - 128;
  uint8_t pair = tile[SCALES + half * 4 * 64 + column / 8 * 64 + row * 4 + column % 4];
  return (int)(column % 8 < 4 ? pair & 15 : pair >> 4) - 8;
}

static void product(ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x, const float *bias, int64_t first,
                    int64_t last, float *out, int64_t stride) {
  int64_t tiles = tile_count(x->columns);
  float multiplier = read_header(packed).multiplier;
  for (int64_t block = first; block < last; block++) {
    const uint8_t *start = block_tiles(packed, format, x->columns, block);
    for (int64_t r = 0; r < x->rows; r++) {
      int64_t step;
      const int64_t place = first_place(x, r, &step);
      for (int row = 0; row < BLOCK && block * BLOCK + row < outputs; row++) {
        float sum = 0;
        for (int64_t group = 0; group < 2 * tiles; group++) {
          const uint8_t *tile = start + group / 2 * tile_bytes(format);
          const int8_t *values = x->values + (place + group * step) * GROUP;
          int half = (int)(group % 2), dot = 0;
          for (int column = 0; column < GROUP; column++) dot += weight_value(format, tile, half, row, column) * values[column];
          uint16_t scale;
          memcpy(&scale, tile + (half * BLOCK + row) * 2, sizeof scale);
          sum += (float)dot * half_to_float(scale) * x->scales[place + group * step];
        }
        int64_t output = block * BLOCK + row;
        out[r * stride + output] = sum * multiplier + (bias ? bias[output] : 0);
      }
    }
  }
}

static void plain(ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows, const float *bias, int64_t first,
                  int64_t last, float *out, int64_t stride) {
  for (int64_t output = first; output < last; output++) {
    for (int64_t r = 0; r < rows; r++) {
      // Several sums, so that a long row loses no more than it does in the wide registers of the others.
      float sums[16] = {0};
      for (int64_t column = 0; column < columns; column++) {
        int64_t place = output * columns + column;
        float weight = type == CKERNELS_FLOAT32    ? ((const float *)weights)[place]
                       : type == CKERNELS_BFLOAT16 ? bfloat_to_float(((const uint16_t *)weights)[place])
                                                   : half_to_float(((const uint16_t *)weights)[place]);
        sums[column % 16] += weight * x[r * columns + column];
      }
      float sum = 0;
      for (int lane = 0; lane < 16; lane++) sum += sums[lane];
      out[r * stride + output] = sum + (bias ? bias[output] : 0);
    }
  }
}

static double peak(int64_t rounds) {
  // Multiplications that the compiler can neither skip nor do at once.
  volatile int8_t seed = 3;
  int32_t sums[64] = {0};
  for (int64_t round = 0; round < rounds; round++) {
    int8_t factor = seed;
    for (int lane = 0; lane < 64; lane++) sums[lane] += (int32_t)(int8_t)(lane + round) * factor;
  }
  volatile int32_t sink = 0;
  for (int lane = 0; lane < 64; lane++) sink += sums[lane];
  return (double)rounds * 128;
}

const kernel_set portable_kernels = {"portable", is_there, quantize_row, product, plain, attend_room, attend, read_memory, peak, float_peak, 0};
