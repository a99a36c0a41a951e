// Compares what every instruction set of this processor computes with "portable", and "portable" with sums in double precision.
//
//   check [NAME]   NAME: the set that is to be taken when nobody chooses one
//
// Differences are relative to the product of the lengths of the two vectors: a result near zero, where terms cancel, may be no worse.
#include "CKernels.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const char *const names[] = {"avx512vnni", "avxvnni", "avx2", "neon", "portable"};
static const ckernels_set *portable;

// Roundings in single precision; attention also has those of its scores, which the exponential magnifies.
static const double product_tolerance = 1e-6, attention_tolerance = 1e-5;

// Every number of rows up to the first, and one that is more than any set takes at once.
enum { SOME_ROWS = 40, MANY_ROWS = 200, GAP = 3 };
static const float untouched = -12345;  // what lies between the rows of a result, and is to stay there

// --- what is found

static int failures;

static void fail(const char *format, ...) {
  // Where one shape fails many do: the first few say enough.
  if (failures++ >= 8) return;
  va_list arguments;
  va_start(arguments, format);
  fputs("  ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
}

// NaN and infinities are to be the same ones; `size` is what a difference is relative to.
static double difference(double found, double expected, double size) {
  if (isnan(found) && isnan(expected)) return 0;
  if (found == expected) return 0;
  const double result = fabs(found - expected) / size;
  return result == result ? result : INFINITY;
}

// --- numbers

static void *room(int64_t count, size_t size) {
  // Exactly as much as is used, so that the address sanitizer sees a step beyond.
  void *memory = malloc((size_t)count * size);
  if (memory == NULL) {
    fputs("check: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

static uint64_t state;

static float uniform(void) {  // -0.5 to 0.5
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (float)(state >> 40) * 0x1p-24f - 0.5f;
}

static void fill(float *numbers, int64_t count, float width) {
  for (int64_t i = 0; i < count; i++) numbers[i] = (uniform() + uniform() + uniform() + uniform()) * width;
}

static void fill_with_signs(float *numbers, int64_t count, float size) {
  for (int64_t i = 0; i < count; i++) numbers[i] = uniform() < 0 ? -size : size;
}

// --- packed weights

// A matrix and the rows that meet it. Expectations hold for any number of rows: they are computed once, for all of them.
typedef struct {
  ckernels_format format;
  int64_t outputs, columns;
  uint8_t *memory, *packed;
  float *weights, *x, *bias;
  double *expected, *sizes;  // [MANY_ROWS, outputs]
} packed_case;

static ckernels_rows make_rows(int64_t rows, int64_t columns) {
  const int64_t padded = ckernels_padded(columns), groups = rows * padded / CKERNELS_GROUP;
  return (ckernels_rows){rows, columns, room(rows * padded, 1), room(groups, sizeof(float)), room(groups, sizeof(int32_t))};
}

static ckernels_rows quantized(const ckernels_set *set, const float *x, int64_t rows, int64_t columns) {
  ckernels_rows result = make_rows(rows, columns);
  for (int64_t row = 0; row < rows; row++) ckernels_quantize(set, x, row, &result);
  return result;
}

static void free_rows(ckernels_rows rows) {
  free(rows.values);
  free(rows.scales);
  free(rows.corrections);
}

static packed_case make_packed(ckernels_format format, int64_t outputs, int64_t columns) {
  packed_case c = {.format = format, .outputs = outputs, .columns = columns};
  state = 88172645463325252 + (uint64_t)(format + 16 * outputs + 4096 * columns);
  c.x = room(MANY_ROWS * columns, sizeof(float));
  fill(c.x, MANY_ROWS * columns, 1);
  c.x[7 * columns + columns / 2] = NAN;
  c.x[11 * columns + columns - 1] = INFINITY;
  fill(c.x + 13 * columns, columns, 0);
  fill(c.x + 17 * columns, columns, 1e-40f);  // smaller than what can be inverted
  fill_with_signs(c.x + 19 * columns, columns, 3);

  // The largest products that there are, against row 19 above, show sums that overflow on the way.
  c.weights = room(outputs * columns, sizeof(float));
  fill(c.weights, outputs * columns, 0.02f);
  if (outputs > 2) fill_with_signs(c.weights + 2 * columns, columns, 0.05f);
  if (outputs > 3) fill(c.weights + 3 * columns, columns, 0);
  if (outputs > 4) c.weights[4 * columns + columns / 3] = INFINITY;
  if (outputs > 16) c.weights[16 * columns + columns - 1] = NAN;
  c.bias = room(outputs, sizeof(float));
  fill(c.bias, outputs, 0.1f);

  float magnitude = 0;
  for (int64_t i = 0; i < outputs * columns; i++) {
    if (isfinite(c.weights[i]) && fabsf(c.weights[i]) > magnitude) magnitude = fabsf(c.weights[i]);
  }
  // Packed weights lie in files that are mapped into memory, at any address.
  const size_t size = ckernels_packed_size(format, outputs, columns);
  c.memory = room((int64_t)size + 1, 1);
  c.packed = c.memory + 1;
  ckernels_write_header(format, outputs, columns, magnitude, c.packed);
  if (!ckernels_check_header(format, outputs, columns, c.packed)) fail("the header of a packed matrix is not its own");
  ckernels_pack(format, c.weights, outputs, columns, 0, (outputs + CKERNELS_BLOCK - 1) / CKERNELS_BLOCK, c.packed);
  c.expected = room(MANY_ROWS * outputs, sizeof(double));
  c.sizes = room(MANY_ROWS * outputs, sizeof(double));
  return c;
}

static void free_packed(packed_case c) {
  free(c.memory);
  free(c.weights);
  free(c.x);
  free(c.bias);
  free(c.expected);
  free(c.sizes);
}

// Of the packed weights and quantised rows as they are: what they lose is not what the products do.
static void expect_exactly(packed_case *c, const ckernels_rows *rows) {
  const int64_t columns = c->columns;
  float *weights = room(c->outputs * columns, sizeof(float));
  ckernels_unpack(c->format, c->packed, c->outputs, columns, 0, c->outputs, weights);
  double lost = 0, all = 0;
  for (int64_t i = 0; i < c->outputs * columns; i++) {
    if (!isfinite(weights[i])) continue;
    lost += pow(weights[i] - c->weights[i], 2);
    all += pow(c->weights[i], 2);
  }
  if (sqrt(lost) > sqrt(all) * (c->format == CKERNELS_Q4 ? 0.12 : 0.008)) fail("packing loses %.2g of the weights", sqrt(lost / all));

  for (int64_t r = 0; r < MANY_ROWS; r++) {
    for (int64_t o = 0; o < c->outputs; o++) {
      double sum = 0, x_square = 0, weight_square = 0;
      for (int64_t i = 0; i < columns; i++) {
        const int64_t place = ckernels_place(rows, r, i / CKERNELS_GROUP);
        const double scale = rows->scales[place], given = c->x[r * columns + i];
        // A group that is not finite keeps no more than where its infinities are.
        const double x = isfinite(scale) ? rows->values[place * CKERNELS_GROUP + i % CKERNELS_GROUP] * scale : given, weight = weights[o * columns + i];
        if (o == 0 && scale > 1e-37 && isfinite(scale) && fabs(x - given) > 0.5001 * scale) fail("%g is quantised to %g", given, x);
        sum += x * weight;
        x_square += x * x;
        weight_square += weight * weight;
      }
      c->expected[r * c->outputs + o] = sum + c->bias[o];
      c->sizes[r * c->outputs + o] = sqrt(x_square * weight_square) + fabs(c->bias[o]);
    }
  }
  free(weights);
}

// In two parts, as threads do it, into memory with gaps; without a bias where `biased` is false.
static void multiply(const ckernels_set *set, const packed_case *c, const ckernels_rows *rows, bool biased, float *out) {
  const int64_t stride = c->outputs + GAP, blocks = (c->outputs + CKERNELS_BLOCK - 1) / CKERNELS_BLOCK;
  for (int64_t i = 0; i < rows->rows * stride; i++) out[i] = untouched;
  const float *bias = biased ? c->bias : NULL;
  ckernels_product(set, c->format, c->packed, c->outputs, rows, bias, blocks / 2, blocks, out, stride);
  ckernels_product(set, c->format, c->packed, c->outputs, rows, bias, 0, blocks / 2, out, stride);
}

// Whether the rows that there are say the same. Where they lie depends on how many there are.
static bool are_quantized_alike(const ckernels_rows *a, const ckernels_rows *b) {
  for (int64_t row = 0; row < a->rows; row++) {
    for (int64_t group = 0; group < ckernels_padded(a->columns) / CKERNELS_GROUP; group++) {
      const int64_t i = ckernels_place(a, row, group), j = ckernels_place(b, row, group);
      if (memcmp(a->values + i * CKERNELS_GROUP, b->values + j * CKERNELS_GROUP, CKERNELS_GROUP) != 0) return false;
      if (memcmp(a->scales + i, b->scales + j, sizeof(float)) != 0 || a->corrections[i] != b->corrections[j]) return false;
    }
  }
  return true;
}

static double compare_packed(const ckernels_set *set, packed_case *c) {
  const int64_t stride = c->outputs + GAP;
  float *out = room(MANY_ROWS * stride, sizeof(float));
  ckernels_rows reference = quantized(portable, c->x, MANY_ROWS, c->columns);
  expect_exactly(c, &reference);
  if (set != portable) {
    multiply(portable, c, &reference, true, out);
    for (int64_t i = 0; i < MANY_ROWS * c->outputs; i++) c->expected[i] = out[i / c->outputs * stride + i % c->outputs];
  }
  free(out);

  double largest = 0;
  for (int64_t count = 1; count <= MANY_ROWS; count += count < SOME_ROWS ? 1 : MANY_ROWS - SOME_ROWS) {
    ckernels_rows rows = quantized(set, c->x, count, c->columns);
    if (!are_quantized_alike(&rows, &reference)) {
      fail("%lld rows of %lld columns are quantised differently", (long long)count, (long long)c->columns);
    }
    const bool biased = count % 2 == 1;
    out = room(count * stride, sizeof(float));
    multiply(set, c, &rows, biased, out);
    double worst = 0;
    for (int64_t i = 0; i < count * stride; i++) {
      const int64_t r = i / stride, o = i % stride;
      if (o >= c->outputs) {
        if (out[i] != untouched) worst = INFINITY;
        continue;
      }
      const double found = out[i] + (biased ? 0 : (double)c->bias[o]);
      worst = fmax(worst, difference(found, c->expected[r * c->outputs + o], c->sizes[r * c->outputs + o]));
    }
    if (worst > product_tolerance) {
      fail("q%d: [%lld, %lld] and %lld rows differ by %.2g", c->format, (long long)c->outputs, (long long)c->columns, (long long)count,
           worst);
    }
    largest = fmax(largest, worst);
    free(out);
    free_rows(rows);
  }
  free_rows(reference);
  return largest;
}

static double check_packed(const ckernels_set *set) {
  // One block, a part of one, several; and of columns also so many that they are taken in parts.
  static const int64_t outputs[] = {1, 5, 16, 17, 37, 100}, columns[] = {1, 31, 32, 33, 64, 65, 200, 1601};
  double largest = 0;
  for (ckernels_format format = CKERNELS_Q4; format <= CKERNELS_Q8; format += CKERNELS_Q8 - CKERNELS_Q4) {
    for (int o = 0; o < COUNT(outputs); o++) {
      for (int i = 0; i < COUNT(columns); i++) {
        packed_case c = make_packed(format, outputs[o], columns[i]);
        largest = fmax(largest, compare_packed(set, &c));
        free_packed(c);
      }
    }
  }
  return largest;
}

// --- plain weights

static double decoded(ckernels_type type, const void *weights, int64_t place) {
  if (type == CKERNELS_FLOAT32) return ((const float *)weights)[place];
  const uint16_t bits = ((const uint16_t *)weights)[place];
  const int width = type == CKERNELS_BFLOAT16 ? 7 : 10, bias = type == CKERNELS_BFLOAT16 ? 127 : 15;
  const int exponent = (bits & 0x7fff) >> width, fraction = bits & ((1 << width) - 1);
  double size = ldexp((exponent > 0 ? 1 << width : 0) + fraction, (exponent > 0 ? exponent : 1) - bias - width);
  if (exponent == 2 * bias + 1) size = fraction == 0 ? INFINITY : NAN;
  return bits & 0x8000 ? -size : size;
}

static double compare_plain(const ckernels_set *set, ckernels_type type, int64_t outputs, int64_t columns) {
  const int64_t size = type == CKERNELS_FLOAT32 ? 4 : 2, stride = outputs + GAP, most = CKERNELS_FEW_ROWS * stride;
  uint8_t *memory = room((outputs * columns + 1) * size, 1);
  void *weights = memory + size;  // aligned to an element, no more
  ckernels_random_plain(type, 0.02f, (uint64_t)(16 * columns + type), 0, outputs * columns, weights);
  float *x = room(CKERNELS_FEW_ROWS * columns, sizeof(float)), *bias = room(outputs, sizeof(float));
  state = 88172645463325252 + (uint64_t)columns;
  fill(x, CKERNELS_FEW_ROWS * columns, 1);
  x[3 * columns + columns / 2] = NAN;
  x[6 * columns + columns - 1] = INFINITY;
  fill(bias, outputs, 0.1f);

  float *reference = room(most, sizeof(float));
  double largest = 0;
  for (int64_t rows = 1; rows <= CKERNELS_FEW_ROWS; rows++) {
    const float *added = rows % 2 == 1 ? bias : NULL;
    float *out = room(rows * stride, sizeof(float));
    for (int64_t i = 0; i < rows * stride; i++) out[i] = reference[i] = untouched;
    ckernels_plain_product(portable, type, weights, columns, x, rows, added, 0, outputs, reference, stride);
    ckernels_plain_product(set, type, weights, columns, x, rows, added, outputs / 3, outputs, out, stride);
    ckernels_plain_product(set, type, weights, columns, x, rows, added, 0, outputs / 3, out, stride);
    double worst = 0;
    for (int64_t i = 0; i < rows * stride; i++) {
      const int64_t r = i / stride, o = i % stride;
      if (o >= outputs) {
        if (out[i] != untouched) worst = INFINITY;
        continue;
      }
      double sum = added ? added[o] : 0, x_square = 0, weight_square = 0;
      for (int64_t c = 0; c < columns; c++) {
        const double weight = decoded(type, weights, o * columns + c), value = x[r * columns + c];
        sum += weight * value;
        x_square += value * value;
        weight_square += weight * weight;
      }
      const double expected = set == portable ? sum : reference[i];
      worst = fmax(worst, difference(out[i], expected, sqrt(x_square * weight_square) + (added ? fabs(added[o]) : 0)));
    }
    if (worst > product_tolerance) {
      fail("plain type %d: [%lld, %lld] and %lld rows differ by %.2g", type, (long long)outputs, (long long)columns, (long long)rows,
           worst);
    }
    largest = fmax(largest, worst);
    free(out);
  }
  free(reference);
  free(bias);
  free(x);
  free(memory);
  return largest;
}

// Every finite number of 16 bits, by products with rows of which one element is 1. What they give is exact.
static void check_all_halves(const ckernels_set *set, ckernels_type type) {
  enum { WIDTH = CKERNELS_FEW_ROWS, OUTPUTS = 65536 / WIDTH };
  uint16_t *weights = room(WIDTH * OUTPUTS, sizeof(uint16_t));
  float *out = room(WIDTH * OUTPUTS, sizeof(float)), x[WIDTH * WIDTH] = {0};
  for (int i = 0; i < WIDTH; i++) x[i * WIDTH + i] = 1;
  for (int i = 0; i < WIDTH * OUTPUTS; i++) {
    weights[i] = (uint16_t)i;
    if (!isfinite(decoded(type, weights, i))) weights[i] = 0;
  }
  ckernels_plain_product(set, type, weights, WIDTH, x, WIDTH, NULL, 0, OUTPUTS, out, OUTPUTS);
  for (int i = 0; i < WIDTH * OUTPUTS; i++) {
    const double expected = decoded(type, weights, i), found = out[i % WIDTH * OUTPUTS + i / WIDTH];
    if (found != expected) fail("0x%04x of plain type %d is %g instead of %g", weights[i], type, found, expected);
  }
  free(out);
  free(weights);
}

static double check_plain(const ckernels_set *set) {
  static const int64_t outputs[] = {1, 2, 7}, columns[] = {1, 15, 16, 17, 63, 64, 65, 200};
  double largest = 0;
  for (ckernels_type type = CKERNELS_FLOAT32; type <= CKERNELS_FLOAT16; type++) {
    for (int o = 0; o < COUNT(outputs); o++)
      for (int i = 0; i < COUNT(columns); i++) largest = fmax(largest, compare_plain(set, type, outputs[o], columns[i]));
    if (type != CKERNELS_FLOAT32) check_all_halves(set, type);
  }
  return largest;
}

// --- attention

static void attend_exactly(const ckernels_attention *a, double *out) {
  double *scores = room(a->keys, sizeof(double));
  for (int64_t row = 0; row < a->queries; row++) {
    double largest = -INFINITY, sum = 0;
    for (int64_t key = 0; key < a->keys; key++) {
      const int64_t mask = row * a->mask_row + key * a->mask_key;
      double score = 0;
      for (int64_t i = 0; i < a->size; i++) score += (double)a->query[row * a->query_stride + i] * a->key[key * a->key_stride + i];
      score = score * a->scale + (a->added ? a->added[mask] : 0);
      scores[key] = a->seen && !a->seen[mask] ? -INFINITY : score;
      largest = scores[key] > largest ? scores[key] : largest;
    }
    for (int64_t key = 0; key < a->keys; key++) {
      scores[key] = exp(scores[key] - (largest == -INFINITY ? 0 : largest));
      sum += scores[key];
    }
    for (int64_t i = 0; i < a->size; i++) {
      double mixed = 0;
      for (int64_t key = 0; key < a->keys; key++) mixed += scores[key] * a->value[key * a->value_stride + i];
      out[row * a->size + i] = sum == 0 ? 0 : mixed / sum;
    }
  }
  free(scores);
}

// Of the second query no key is seen, the fourth holds a NaN. `masks`: 1 hides keys, 2 adds to the scores.
static double compare_attention(const ckernels_set *set, int64_t queries, int64_t keys, int64_t size, int masks) {
  const int64_t key_stride = size + 1, value_stride = 2 * size, out_stride = size + GAP;
  float *query = room(queries * size, sizeof(float)), *own = room(ckernels_attend_room(set, queries, keys, size), sizeof(float));
  float *other = room(ckernels_attend_room(portable, queries, keys, size), sizeof(float));
  float *key = room(keys * key_stride, sizeof(float)), *value = room(keys * value_stride, sizeof(float));
  float *added = room(queries * keys, sizeof(float)), *out = room(2 * queries * out_stride, sizeof(float));
  uint8_t *seen = room(queries * keys, 1);
  double *expected = room(queries * size, sizeof(double));
  state = 88172645463325252 + (uint64_t)(1024 * keys + size);
  fill(query, queries * size, 2);
  query[3 * size + size / 2] = NAN;
  fill(key, keys * key_stride, 2);
  fill(value, keys * value_stride, 1);
  fill(added, queries * keys, 100);  // most of the others vanish beside the largest
  for (int64_t i = 0; i < queries * keys; i++) seen[i] = i / keys != 1 && uniform() < 0.25f;
  for (int64_t i = 0; i < 2 * queries * out_stride; i++) out[i] = untouched;

  ckernels_attention a = {queries, keys, size, query, key, value, size, key_stride, value_stride, 1 / sqrtf((float)size),
                          masks & 2 ? added : NULL, masks & 1 ? seen : NULL, keys, 1, out, out_stride};
  attend_exactly(&a, expected);
  ckernels_attend(set, &a, own);
  a.out = out + queries * out_stride;
  ckernels_attend(portable, &a, other);
  double worst = 0;
  for (int64_t i = 0; i < queries * out_stride; i++) {
    const int64_t row = i / out_stride, channel = i % out_stride;
    if (channel >= size) {
      if (out[i] != untouched) worst = INFINITY;
      continue;
    }
    // Values are near 1, and a result is a mean of them.
    worst = fmax(worst, difference(out[i], set == portable ? expected[row * size + channel] : a.out[i], 1));
  }
  if (worst > attention_tolerance) {
    fail("attention of %lld queries to %lld keys of %lld channels differs by %.2g", (long long)queries, (long long)keys, (long long)size, worst);
  }
  free(expected);
  free(seen);
  free(out);
  free(added);
  free(value);
  free(key);
  free(own);
  free(other);
  free(query);
  return worst;
}

static double check_attention(const ckernels_set *set) {
  // Few queries, and many: those that are taken at once, some more, and several times as many.
  static const int64_t queries[] = {5, 17, 36, 37, 43, 100}, keys[] = {1, 2, 17, 257}, sizes[] = {1, 8, 31, 32, 33, 64, 88, 128};
  double largest = 0;
  for (int masks = 0; masks < 4; masks++)
    for (int q = 0; q < COUNT(queries); q++)
    for (int k = 0; k < COUNT(keys); k++)
      for (int s = 0; s < COUNT(sizes); s++) largest = fmax(largest, compare_attention(set, queries[q], keys[k], sizes[s], masks));
  return largest;
}

// --- the whole

// Measurements have no result to compare, but for the sum of what was read.
static void check_measurements(const ckernels_set *set) {
  enum { WORDS = 1024 };
  uint64_t words[WORDS], sum = 0;
  for (int i = 0; i < WORDS; i++) sum += words[i] = (uint64_t)i * 0x9e3779b97f4a7c15;
  if (ckernels_read(set, words, sizeof words) != sum) fail("reading memory leaves something out");
  if (!(ckernels_peak(set, 1000) > 0)) fail("nothing was multiplied");
  for (ckernels_type type = CKERNELS_FLOAT32; type <= CKERNELS_FLOAT16; type++) {
    if (!(ckernels_float_peak(set, type, 1000) > 0)) fail("no floats of type %d were multiplied", type);
  }
}

static const ckernels_set *named(const char *name) { return ckernels_choose(name) ? ckernels_current() : NULL; }

int main(int count, char **arguments) {
  const char *usual = ckernels_name(ckernels_current());
  if (count > 1 && strcmp(usual, arguments[1]) != 0) {
    printf("%s is taken on this processor instead of %s\n", usual, arguments[1]);
    return 1;
  }
  portable = named("portable");
  int failed = 0;
  for (int i = 0; i < COUNT(names); i++) {
    const ckernels_set *set = named(names[i]);
    if (set == NULL) continue;
    failures = 0;
    const double packed = check_packed(set), plain = check_plain(set), attention = check_attention(set);
    check_measurements(set);
    printf("%-10s  largest differences: packed %.1e, plain %.1e, attention %.1e  %s\n", names[i], packed, plain, attention,
           failures == 0 ? "ok" : "FAILED");
    if (failures > 0) failed = 1;
  }
  return failed;
}
