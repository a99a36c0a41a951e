// Products with packed and half-precision weights on the CPU, for 1 row, a few and many.
//
// Packed weights are 8- or 4-bit integers in groups of 32 columns with a float16 scale each; activations are quantised to 8 bits in the
// same groups on the way in. Every function works on a range of the output, so that the caller spreads ranges over its own threads.
// Nothing here allocates, fails or keeps state, but for the choice of instruction set.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- instruction sets

// What products are computed with: "avx512vnni", "avxvnni", "avx2", "neon" or "portable".
typedef struct ckernels_set ckernels_set;
// The calling thread's choice, else the best this processor has, or the one it has that the environment variable INSTRUCTBLIP_KERNELS names.
// A caller with several threads asks once and hands the answer to all of them.
const ckernels_set *ckernels_current(void);
const char *ckernels_name(const ckernels_set *set);
// Chooses for the calling thread; NULL goes back to the best. False when this processor has no such instructions.
bool ckernels_choose(const char *name);

// --- packed weights
//
// A matrix [rows, columns] is a header of 64 bytes, then blocks of 16 rows, one after another; a block is a run of tiles of 16 rows x 64
// columns. A tile begins with 32 float16 scales (16 rows of the first 32 columns, 16 of the second), then for each half of the columns
//   q8: 8 times 64 bytes: for each row in turn 4 columns, stored as value + 128;
//   q4: 4 times 64 bytes: for each row in turn 4 columns in the low nibbles and the 4 columns after them in the high ones, as value + 8.
// Rows and columns beyond the matrix are zeros. A tile is a whole number of cache lines.
typedef int32_t ckernels_format;
enum { CKERNELS_Q4 = 4, CKERNELS_Q8 = 8 };

enum { CKERNELS_BLOCK = 16, CKERNELS_TILE = 64, CKERNELS_GROUP = 32, CKERNELS_HEADER = 64 };

// Bytes of a packed matrix, header included; 0 when it would not fit into memory.
size_t ckernels_packed_size(ckernels_format format, int64_t rows, int64_t columns);

// Writes the header. `magnitude` is the largest absolute weight: scales are stored relative to it,
// so that large ones do not overflow float16 and ordinary ones do not underflow.
void ckernels_write_header(ckernels_format format, int64_t rows, int64_t columns, float magnitude, void *packed);
// The power of two that every scale is to be multiplied with.
float ckernels_multiplier(const void *packed);
// Whether the header is one for this format and shape.
bool ckernels_check_header(ckernels_format format, int64_t rows, int64_t columns, const void *packed);

// Whether every scale is finite, those of padding too.
bool ckernels_scales_are_finite(ckernels_format format, int64_t rows, int64_t columns, const void *packed);

// Packs blocks `first..<last` of row-major float32 weights; `weights` points at row 16 * first. The scale of each group is the one of least
// squared error. The header must stand already. A group that is not finite gets a scale that is not either.
void ckernels_pack(ckernels_format format, const float *weights, int64_t rows, int64_t columns, int64_t first, int64_t last, void *packed);
// The inverse: rows `first..<last` as row-major float32.
void ckernels_unpack(ckernels_format format, const void *packed, int64_t rows, int64_t columns, int64_t first, int64_t last, float *weights);

// Random weights for measurements: blocks `first..<last` of a packed matrix whose header stands, or elements `first..<last` of a plain one.
void ckernels_random_packed(ckernels_format format, int64_t columns, float deviation, uint64_t seed, int64_t first, int64_t last, void *packed);

// --- activations

// Rows quantised to 8 bits in groups of 32 columns, padded with zeros to whole tiles. They lie in panels of at most CKERNELS_PANEL rows, as
// even as can be, one after another; in a panel, group follows group, each with all rows of the panel. So a product reads them in one stream:
// rows that lie a whole row apart would take each other's place in the caches.
typedef struct {
  int64_t rows;
  int64_t columns;         // of the matrix they meet
  int8_t *values;          // rows * padded columns
  float *scales;           // rows * groups
  int32_t *corrections;    // rows * groups: -8 times the sum of a group's values
} ckernels_rows;

enum { CKERNELS_PANEL = 6 };

// Where a group of a row stands, counted in groups.
int64_t ckernels_place(const ckernels_rows *rows, int64_t row, int64_t group);

int64_t ckernels_padded(int64_t columns);  // to whole tiles
// Quantises row `row` of `x`. NaN gives NaN in every product, an infinity an infinity or NaN.
void ckernels_quantize(const ckernels_set *set, const float *x, int64_t row, const ckernels_rows *rows);

// --- products

// out[r, o] = sum over c of x[r, c] * weights[o, c], plus bias[o], for all rows and the blocks `first..<last` of 16 outputs.
// `stride` is the distance between rows of `out`; `bias` may be NULL.
void ckernels_product(const ckernels_set *set, ckernels_format format, const void *packed, int64_t outputs, const ckernels_rows *x,
                      const float *bias, int64_t first, int64_t last, float *out, int64_t stride);

// Weights as they are stored in checkpoints.
typedef int32_t ckernels_type;
enum { CKERNELS_FLOAT32 = 0, CKERNELS_BFLOAT16 = 1, CKERNELS_FLOAT16 = 2 };
enum { CKERNELS_FEW_ROWS = 16 };

void ckernels_random_plain(ckernels_type type, float deviation, uint64_t seed, int64_t first, int64_t last, void *weights);

// The same product for outputs `first..<last`, row-major weights and 1 to 16 rows of float32 activations.
void ckernels_plain_product(const ckernels_set *set, ckernels_type type, const void *weights, int64_t columns, const float *x, int64_t rows,
                            const float *bias, int64_t first, int64_t last, float *out, int64_t stride);

// For how many rows this product, 16 at a time, is quicker than one of a library that puts the weights in order first, where the weights are
// float32 and in the second cache already: 0 where it was never measured.
int64_t ckernels_near_rows(const ckernels_set *set);

// --- attention

// Queries of one head over its keys and values. Strides are in elements; the channels of a row lie together.
typedef struct {
  int64_t queries, keys, size;  // size: channels of a head
  const float *query, *key, *value;
  int64_t query_stride, key_stride, value_stride;
  float scale;
  const float *added;         // added to the scores, or NULL
  const uint8_t *seen;        // 0 hides a key, or NULL
  int64_t mask_row, mask_key;  // strides of either
  float *out;                 // [queries, size]
  int64_t out_stride;
} ckernels_attention;

// How many numbers of room attention needs.
int64_t ckernels_attend_room(const ckernels_set *set, int64_t queries, int64_t keys, int64_t size);
// softmax(scale * query keys^T + mask) values.
void ckernels_attend(const ckernels_set *set, const ckernels_attention *attention, float *room);

// --- the machine

// Reads memory at full speed; the result only keeps the reading from being optimised away.
uint64_t ckernels_read(const ckernels_set *set, const void *memory, size_t bytes);
// Multiplies 8-bit integers in registers alone, `rounds` times; returns the number of operations (a multiplication and an addition are two).
double ckernels_peak(const ckernels_set *set, int64_t rounds);
// The same with floats, in the best way this processor has for a type.
double ckernels_float_peak(const ckernels_set *set, ckernels_type type, int64_t rounds);

#ifdef __cplusplus
}
#endif
#endif
