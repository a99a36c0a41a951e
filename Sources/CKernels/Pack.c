// Packing float32 weights, and unpacking them.
#include "Kernels.h"

size_t ckernels_packed_size(ckernels_format format, int64_t rows, int64_t columns) {
  if (rows < 0 || columns < 0 || rows > INT64_MAX / 2 || columns > INT64_MAX / 2) return 0;
  int64_t bytes;
  if (__builtin_mul_overflow(block_count(rows), tile_count(columns), &bytes)) return 0;
  if (__builtin_mul_overflow(bytes, tile_bytes(format), &bytes)) return 0;
  if (__builtin_add_overflow(bytes, (int64_t)CKERNELS_HEADER, &bytes)) return 0;
  return (size_t)bytes;
}

int64_t ckernels_padded(int64_t columns) { return tile_count(columns) * TILE; }

int64_t ckernels_place(const ckernels_rows *rows, int64_t row, int64_t group) {
  int64_t step;
  const int64_t first = first_place(rows, row, &step);
  return first + group * step;
}

void ckernels_write_header(ckernels_format format, int64_t rows, int64_t columns, float magnitude, void *packed) {
  packed_header header = {.magic = {'B', 'L', 'Q', '1'}, .format = format, .rows = rows, .columns = columns, .multiplier = 1};
  // The largest scale becomes about 1, in the middle of what float16 can tell apart.
  if (magnitude > 0 && magnitude <= FLT_MAX) {
    int exponent;
    frexpf(magnitude / (format == CKERNELS_Q4 ? 8 : 127), &exponent);
    if (exponent < -125) exponent = -125;
    header.multiplier = ldexpf(1, exponent);
  }
  memset(packed, 0, CKERNELS_HEADER);
  memcpy(packed, &header, sizeof header);
}

float ckernels_multiplier(const void *packed) { return read_header(packed).multiplier; }

bool ckernels_check_header(ckernels_format format, int64_t rows, int64_t columns, const void *packed) {
  packed_header header = read_header(packed);
  if (!(header.multiplier >= FLT_MIN && header.multiplier <= FLT_MAX)) return false;
  int exponent;
  // A power of two, by which nothing is rounded.
  return frexpf(header.multiplier, &exponent) == 0.5f && memcmp(header.magic, "BLQ1", 4) == 0 && header.format == format &&
         header.rows == rows && header.columns == columns;
}

bool ckernels_scales_are_finite(ckernels_format format, int64_t rows, int64_t columns, const void *packed) {
  const uint8_t *tiles = block_tiles(packed, format, columns, 0);
  const float multiplier = read_header(packed).multiplier;
  for (int64_t tile = 0; tile < block_count(rows) * tile_count(columns); tile++) {
    for (int i = 0; i < 2 * BLOCK; i++) {
      uint16_t scale;
      memcpy(&scale, tiles + tile * tile_bytes(format) + 2 * i, sizeof scale);
      if (!(fabsf(half_to_float(scale) * multiplier) <= FLT_MAX)) return false;
    }
  }
  return true;
}

static inline float clamped(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

// The nearest integer, ties to even, of anything below 2^22: a few instructions everywhere, where rintf may be a call.
static inline float nearest(float value) { return (value + 12582912.0f) - 12582912.0f; }

// The scale of least squared error that rounding with `inverse` leads to, and that error's gain over zeros. Four sums side by side, as one
// would have every addition wait for the one before.
static inline void best_scale(const float *weights, float inverse, float low, float high, float *scale, float *gain) {
  float dots[4] = {0}, squares[4] = {0};
  for (int i = 0; i < GROUP; i += 4) {
    for (int lane = 0; lane < 4; lane++) {
      const float value = clamped(nearest(weights[i + lane] * inverse), low, high);
      dots[lane] += weights[i + lane] * value;
      squares[lane] += value * value;
    }
  }
  const float dot = (dots[0] + dots[1]) + (dots[2] + dots[3]), square = (squares[0] + squares[1]) + (squares[2] + squares[3]);
  *scale = square > 0 ? dot / square : 0;
  *gain = square > 0 ? dot * *scale : 0;
}

// The scale of a group, by trying some. Of few levels, a smaller scale serves the many small weights and cuts off the largest one, and the
// largest one may take the level -8, which has no counterpart; of many, it is luck which scale rounds best.
static float group_scale(ckernels_format format, const float *weights) {
  float largest = 0, relative[GROUP];
  for (int i = 0; i < GROUP; i++) {
    if (!(fabsf(weights[i]) <= FLT_MAX)) return NAN;
    if (fabsf(weights[i]) > fabsf(largest)) largest = weights[i];
  }
  // Below this there is no inverse, and nothing to lose.
  if (fabsf(largest) < 1e-37f) return 0;
  // Beside the largest one: no sum overflows, however large the weights are.
  const float unit = 1 / largest;
  for (int i = 0; i < GROUP; i++) relative[i] = weights[i] * unit;
  float best = 0, best_gain = -1, scale, gain;
  if (format == CKERNELS_Q8) {
    for (int step = 0; step < 16; step++) {
      best_scale(relative, 127.4f - 0.8f * (float)step, -127, 127, &scale, &gain);
      if (gain > best_gain) { best_gain = gain; best = scale; }
    }
    return best * largest;
  }
  for (int step = 0; step < 10; step++) {
    best_scale(relative, -(6.2f + 0.3f * (float)step), -8, 7, &scale, &gain);
    if (gain > best_gain) { best_gain = gain; best = scale; }
    best_scale(relative, 5.4f + 0.2f * (float)step, -8, 7, &scale, &gain);
    if (gain > best_gain) { best_gain = gain; best = scale; }
  }
  return best * largest;
}

// Packs one group of one row into its tile.
static void pack_group(ckernels_format format, const float *weights, float multiplier, int half, int row, uint8_t *tile) {
  uint16_t stored = float_to_half(group_scale(format, weights) / multiplier);
  memcpy(tile + (half * BLOCK + row) * 2, &stored, sizeof stored);
  float scale = half_to_float(stored) * multiplier;
  float inverse = scale != 0 && scale == scale ? 1 / scale : 0;
  if (!(fabsf(inverse) <= FLT_MAX)) inverse = 0;
  for (int column = 0; column < GROUP; column++) {
    // What is not finite has no integer; the scale says that the group is not.
    float wanted = (fabsf(weights[column]) <= FLT_MAX ? weights[column] : 0) * inverse;
    // A scale that float16 made much smaller can leave more than `nearest` takes.
    float rounded = nearest(clamped(wanted, -1000, 1000));
    if (format == CKERNELS_Q8) {
      tile[SCALES + half * 8 * 64 + column / 4 * 64 + row * 4 + column % 4] = (uint8_t)((int)clamped(rounded, -127, 127) + 128);
    } else {
      uint8_t *pair = tile + SCALES + half * 4 * 64 + column / 8 * 64 + row * 4 + column % 4;
      uint8_t value = (uint8_t)((int)clamped(rounded, -8, 7) + 8);
      *pair = column % 8 < 4 ? value : (uint8_t)(*pair | value << 4);
    }
  }
}

void ckernels_pack(ckernels_format format, const float *weights, int64_t rows, int64_t columns, int64_t first, int64_t last, void *packed) {
  float multiplier = read_header(packed).multiplier;
  for (int64_t block = first; block < last; block++) {
    uint8_t *tiles = (uint8_t *)block_tiles(packed, format, columns, block);
    for (int64_t group = 0; group < 2 * tile_count(columns); group++) {
      for (int row = 0; row < BLOCK; row++) {
        float values[GROUP] = {0};
        if (block * BLOCK + row < rows) {
          const float *source = weights + ((block - first) * BLOCK + row) * columns;
          for (int64_t i = 0; i < GROUP && group * GROUP + i < columns; i++) values[i] = source[group * GROUP + i];
        }
        pack_group(format, values, multiplier, (int)(group % 2), row, tiles + group / 2 * tile_bytes(format));
      }
    }
  }
}

void ckernels_unpack(ckernels_format format, const void *packed, int64_t rows, int64_t columns, int64_t first, int64_t last, float *weights) {
  float multiplier = read_header(packed).multiplier;
  for (int64_t row = first; row < last && row < rows; row++) {
    const uint8_t *tiles = block_tiles(packed, format, columns, row / BLOCK);
    int lane = (int)(row % BLOCK);
    for (int64_t group = 0; group * GROUP < columns; group++) {
      const uint8_t *tile = tiles + group / 2 * tile_bytes(format);
      int half = (int)(group % 2);
      uint16_t stored;
      memcpy(&stored, tile + (half * BLOCK + lane) * 2, sizeof stored);
      float scale = half_to_float(stored) * multiplier;
      float *to = weights + (row - first) * columns + group * GROUP;
      int64_t there = columns - group * GROUP < GROUP ? columns - group * GROUP : GROUP;
      for (int column = 0; column < there; column++) {
        int value;
        if (format == CKERNELS_Q8) {
          value = (int)tile[SCALES + half * 8 * 64 + column / 4 * 64 + lane * 4 + column % 4] - 128;
        } else {
          uint8_t pair = tile[SCALES + half * 4 * 64 + column / 8 * 64 + lane * 4 + column % 4];
          value = (int)(column % 8 < 4 ? pair & 15 : pair >> 4) - 8;
        }
        to[column] = (float)value * scale;
      }
    }
  }
}
