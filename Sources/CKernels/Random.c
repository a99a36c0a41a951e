// Random weights, for measuring models whose files are not there.
#include "Kernels.h"

// SplitMix64: any number starts a stream of its own.
static inline uint64_t next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

void ckernels_random_packed(ckernels_format format, int64_t columns, float deviation, uint64_t seed, int64_t first, int64_t last, void *packed) {
  // The values are spread evenly over their range, so the scale follows from the deviation; each group's differs a little.
  const float scale = deviation / (format == CKERNELS_Q4 ? 4.61f : 73.6f) / read_header(packed).multiplier;
  for (int64_t block = first; block < last; block++) {
    uint64_t state = seed * 0x2545f4914f6cdd1d + (uint64_t)block;
    uint8_t *tiles = (uint8_t *)block_tiles(packed, format, columns, block);
    for (int64_t t = 0; t < tile_count(columns); t++) {
      uint8_t *tile = tiles + t * tile_bytes(format);
      for (int64_t i = SCALES; i < tile_bytes(format); i += 8) {
        const uint64_t bits = next(&state);
        memcpy(tile + i, &bits, sizeof bits);
      }
      for (int i = 0; i < 2 * BLOCK; i++) {
        const uint16_t half = float_to_half(scale * (0.75f + (float)(next(&state) >> 40) * 0x1p-25f));
        memcpy(tile + 2 * i, &half, sizeof half);
      }
    }
  }
}

void ckernels_random_plain(ckernels_type type, float deviation, uint64_t seed, int64_t first, int64_t last, void *weights) {
  uint64_t state = seed * 0x2545f4914f6cdd1d + (uint64_t)first;
  const float width = deviation * 3.4641016f;  // of an even distribution
  for (int64_t i = first; i < last; i++) {
    const float value = ((float)(next(&state) >> 40) * 0x1p-24f - 0.5f) * width;
    if (type == CKERNELS_FLOAT32) {
      ((float *)weights)[i] = value;
    } else if (type == CKERNELS_FLOAT16) {
      ((uint16_t *)weights)[i] = float_to_half(value);
    } else {
      uint32_t bits;
      memcpy(&bits, &value, sizeof bits);
      ((uint16_t *)weights)[i] = (uint16_t)(bits >> 16);
    }
  }
}
