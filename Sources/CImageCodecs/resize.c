// The two passes of a resize, with fixed-point weights. Rounding is the same everywhere: add half, shift right, clamp to a byte.
// The x86 paths pair 16-bit weights for `pmaddwd`; integer sums do not depend on order, so every path gives the same bytes.

#include "CImageCodecs.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static inline uint8_t rounded(int32_t sum, int32_t shift) {
    int32_t value = sum >> shift;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void resize_row(
    const uint8_t *source, uint8_t *target, size_t target_width, blip_resize_axis axis)
{
    const int32_t half = 1 << (axis.shift - 1);
    const int32_t *weights = axis.weights;
    for (size_t x = 0; x < target_width; x++, weights += axis.taps, target += 3) {
        const uint8_t *pixel = source + (size_t)axis.starts[x] * 3;
        int32_t red = half, green = half, blue = half;
        for (int32_t tap = 0; tap < axis.taps; tap++, pixel += 3) {
            red += pixel[0] * weights[tap];
            green += pixel[1] * weights[tap];
            blue += pixel[2] * weights[tap];
        }
        target[0] = rounded(red, axis.shift);
        target[1] = rounded(green, axis.shift);
        target[2] = rounded(blue, axis.shift);
    }
}

/// One output row from `taps` input rows. `sums` has `row_bytes` places.
static void resize_column_row(
    const uint8_t *rows, size_t row_bytes, uint8_t *target, const int32_t *weights, int32_t taps, int32_t shift, int32_t *sums)
{
    const int32_t half = 1 << (shift - 1);
    for (size_t i = 0; i < row_bytes; i++) sums[i] = half;
    for (int32_t tap = 0; tap < taps; tap++, rows += row_bytes) {
        const int32_t weight = weights[tap];
        if (weight == 0) continue;
        for (size_t i = 0; i < row_bytes; i++) sums[i] += rows[i] * weight;
    }
    for (size_t i = 0; i < row_bytes; i++) target[i] = rounded(sums[i], shift);
}

#if defined(__x86_64__)

/// Four weights per group as 16-bit numbers: one per 32 bytes, [w0 w1] x 4 then [w2 w3] x 4, the order `pmaddwd` needs.
static int16_t *group_weights(blip_resize_axis axis, size_t target_width, size_t groups) {
    int16_t *grouped = aligned_alloc(32, target_width * groups * 32);
    if (!grouped) return NULL;
    for (size_t x = 0; x < target_width; x++) {
        for (size_t group = 0; group < groups; group++) {
            int16_t *place = grouped + (x * groups + group) * 16;
            int16_t four[4] = {0, 0, 0, 0};
            for (size_t i = 0; i < 4; i++) {
                size_t tap = group * 4 + i;
                if (tap < (size_t)axis.taps) four[i] = (int16_t)axis.weights[x * (size_t)axis.taps + tap];
            }
            for (size_t i = 0; i < 16; i++) place[i] = four[i < 8 ? i & 1 : 2 + (i & 1)];
        }
    }
    return grouped;
}

/// Up to two rows at once. May read 16 bytes from any tap group, so rows need that much slack behind their last group.
__attribute__((target("avx2"))) static void resize_two_rows_avx2(
    const uint8_t *first, const uint8_t *second, uint8_t *first_target, uint8_t *second_target, size_t target_width,
    blip_resize_axis axis, const int16_t *grouped, size_t groups)
{
    const __m256i spread = _mm256_setr_epi8(
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
    const __m128i half = _mm_set1_epi32(1 << (axis.shift - 1)), shift = _mm_cvtsi32_si128(axis.shift);
    for (size_t x = 0; x < target_width; x++) {
        size_t offset = (size_t)axis.starts[x] * 3;
        __m256i sum0 = _mm256_setzero_si256(), sum1 = _mm256_setzero_si256();
        for (size_t group = 0; group < groups; group++, offset += 12, grouped += 16) {
            __m256i weights = _mm256_load_si256((const __m256i *)grouped);
            __m256i pixels0 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(first + offset)));
            __m256i pixels1 = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(second + offset)));
            sum0 = _mm256_add_epi32(sum0, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels0, spread), weights));
            sum1 = _mm256_add_epi32(sum1, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels1, spread), weights));
        }
        __m128i total0 = _mm_add_epi32(_mm_add_epi32(_mm256_castsi256_si128(sum0), _mm256_extracti128_si256(sum0, 1)), half);
        __m128i total1 = _mm_add_epi32(_mm_add_epi32(_mm256_castsi256_si128(sum1), _mm256_extracti128_si256(sum1, 1)), half);
        __m128i words = _mm_packs_epi32(_mm_sra_epi32(total0, shift), _mm_sra_epi32(total1, shift));
        uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
        first_target[3 * x] = (uint8_t)bytes;
        first_target[3 * x + 1] = (uint8_t)(bytes >> 8);
        first_target[3 * x + 2] = (uint8_t)(bytes >> 16);
        second_target[3 * x] = (uint8_t)(bytes >> 32);
        second_target[3 * x + 1] = (uint8_t)(bytes >> 40);
        second_target[3 * x + 2] = (uint8_t)(bytes >> 48);
    }
}

static int resize_rows_avx2(
    const uint8_t *source, size_t count, size_t height, size_t width, size_t stride, uint8_t *target, size_t target_width,
    blip_resize_axis axis)
{
    size_t groups = ((size_t)axis.taps + 3) / 4, row_bytes = width * 3, target_bytes = target_width * 3;
    int16_t *grouped = group_weights(axis, target_width, groups);
    // The last rows are copied to where reading past them is harmless. A group reads up to 9 + 16 bytes past its row.
    uint8_t *padded = calloc(2, row_bytes + 32);
    uint8_t *spare = malloc(target_bytes);
    int failed = !grouped || !padded || !spare;
    for (size_t y = 0; !failed && y < height; y += 2) {
        const uint8_t *first = source + y * stride, *second = first + stride;
        uint8_t *first_target = target + y * target_bytes, *second_target = first_target + target_bytes;
        if (y + 1 >= height) {
            second = first;
            second_target = spare;
        }
        size_t behind = count - y * stride;  // bytes of the source from the beginning of the first row on
        if (behind < stride + row_bytes + 32) {
            memcpy(padded, first, row_bytes);
            memcpy(padded + row_bytes + 32, second, row_bytes);
            first = padded;
            second = padded + row_bytes + 32;
        }
        resize_two_rows_avx2(first, second, first_target, second_target, target_width, axis, grouped, groups);
    }
    free(grouped);
    free(padded);
    free(spare);
    return failed;
}

/// The first `row_bytes` rounded down to 16; the caller does the rest. Returns how many bytes it did.
__attribute__((target("avx2"))) static size_t resize_column_row_avx2(
    const uint8_t *rows, size_t row_bytes, uint8_t *target, const int32_t *weights, int32_t taps, int32_t shift)
{
    const __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    const __m128i count = _mm_cvtsi32_si128(shift);
    size_t done = 0;
    for (; done + 16 <= row_bytes; done += 16) {
        __m256i low = half, high = half;
        const uint8_t *place = rows + done;
        for (int32_t tap = 0; tap < taps; tap += 2, place += 2 * row_bytes) {
            int has_pair = tap + 1 < taps;
            uint32_t pair = (uint32_t)(uint16_t)weights[tap] | (has_pair ? (uint32_t)weights[tap + 1] << 16 : 0);
            __m256i factors = _mm256_set1_epi32((int32_t)pair);
            __m128i even = _mm_loadu_si128((const __m128i *)place);
            __m128i odd = has_pair ? _mm_loadu_si128((const __m128i *)(place + row_bytes)) : _mm_setzero_si128();
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(even, odd)), factors));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_unpackhi_epi8(even, odd)), factors));
        }
        // Packing works inside 128-bit halves, so the quarters come out as 0 2 1 3.
        __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_sra_epi32(low, count), _mm256_sra_epi32(high, count)), 0xD8);
        __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128((__m128i *)(target + done), bytes);
    }
    return done;
}

static int has_avx2(void) { return __builtin_cpu_supports("avx2"); }

#endif

int blip_resize_rows(
    const uint8_t *source, size_t count, size_t height, size_t width, size_t stride, uint8_t *target, size_t target_width,
    blip_resize_axis axis, int narrow)
{
#if defined(__x86_64__)
    if (narrow && has_avx2()) return resize_rows_avx2(source, count, height, width, stride, target, target_width, axis);
#else
    (void)narrow;
#endif
    (void)count;
    (void)width;
    for (size_t y = 0; y < height; y++) resize_row(source + y * stride, target + y * target_width * 3, target_width, axis);
    return 0;
}

int blip_resize_columns(
    const uint8_t *source, size_t row_bytes, uint8_t *target, size_t target_height, blip_resize_axis axis, int narrow)
{
    int32_t *sums = malloc(row_bytes * sizeof *sums);
    if (!sums) return 1;
    for (size_t y = 0; y < target_height; y++) {
        const uint8_t *rows = source + (size_t)axis.starts[y] * row_bytes;
        const int32_t *weights = axis.weights + y * (size_t)axis.taps;
        size_t done = 0;
#if defined(__x86_64__)
        if (narrow && has_avx2()) {
            done = resize_column_row_avx2(rows, row_bytes, target + y * row_bytes, weights, axis.taps, axis.shift);
            if (done == row_bytes) continue;
            for (size_t i = done; i < row_bytes; i++) {
                int32_t sum = 1 << (axis.shift - 1);
                for (int32_t tap = 0; tap < axis.taps; tap++) sum += rows[(size_t)tap * row_bytes + i] * weights[tap];
                target[y * row_bytes + i] = rounded(sum, axis.shift);
            }
            continue;
        }
#else
        (void)narrow;
#endif
        resize_column_row(rows, row_bytes, target + y * row_bytes, weights, axis.taps, axis.shift, sums);
    }
    free(sums);
    return 0;
}
