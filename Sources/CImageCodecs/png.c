// PNG through libpng. libpng reports an error by calling `on_error`, which must not return: we leave by longjmp, to a setjmp in the
// function that made the call. What must survive the jump lives in `png_state`, which belongs to the caller of that function.

#include "shared.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/// What turns a row of samples into RGB.
typedef struct {
    png_byte color_type;
    int is_wide_grey, grey_scale;
    /// The transparent colour, or -1 in `key[0]`.
    int key[3];
    uint8_t palette[256][3];
} row_converter;

typedef struct {
    png_structp png;
    png_infop info;
    jmp_buf escape;
    blip_codec_report *report;

    // reading
    const uint8_t *bytes;
    size_t count, place;
    row_converter converter;
    uint8_t *rows;
    size_t row_bytes;
    int is_interlaced;

    // writing
    uint8_t *output;
    size_t output_count, output_capacity;
} png_state;

static void on_error(png_structp png, png_const_charp message) {
    png_state *state = png_get_error_ptr(png);
    blip_report_failure(state->report, message);
    longjmp(state->escape, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    png_state *state = png_get_error_ptr(png);
    blip_report_warning(state->report, message);
}

static void on_read(png_structp png, png_bytep target, size_t count) {
    png_state *state = png_get_io_ptr(png);
    if (count > state->count - state->place) {
        state->report->truncated = 1;
        png_error(png, "the data ends before the picture is complete");
    }
    memcpy(target, state->bytes + state->place, count);
    state->place += count;
}

/// Reads up to the first IDAT, without the chunks that do not change pixels (profiles, texts: some of them are decompressed).
static void open_picture(png_state *state) {
    static const png_byte unwanted[] =
        "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";
    png_structp png = state->png;
    png_set_read_fn(png, state, on_read);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, unwanted, (int)(sizeof unwanted / 5));
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller checks the size, and can say more about it
    png_set_check_for_invalid_index(png, 0);  // we draw palette entries that are not there in black, like Pillow
    png_read_info(png, state->info);
    state->report->width = png_get_image_width(png, state->info);
    state->report->height = png_get_image_height(png, state->info);
}

/// Pillow compares the 8-bit value of a sample with the low byte of tRNS, whatever the bit depth (two levels: with white if not zero).
/// That is not what the PNG specification says for depths 2, 4 and 16, but it is what the reference processor sees.
static int transparent_value(int value, int bit_depth) {
    if (bit_depth == 1) return value ? 255 : 0;
    return value & 255;
}

static void prepare_converter(png_state *state) {
    row_converter *converter = &state->converter;
    png_structp png = state->png;
    int bit_depth = png_get_bit_depth(png, state->info);
    converter->color_type = png_get_color_type(png, state->info);
    converter->is_wide_grey = converter->color_type == PNG_COLOR_TYPE_GRAY && bit_depth == 16;
    converter->grey_scale = bit_depth >= 8 ? 1 : 255 / ((1 << bit_depth) - 1);
    converter->key[0] = -1;

    png_bytep alphas = NULL;
    int alpha_count = 0;
    png_color_16p key = NULL;
    int has_transparency = png_get_tRNS(png, state->info, &alphas, &alpha_count, &key) != 0;
    if (converter->color_type == PNG_COLOR_TYPE_PALETTE) {
        png_colorp colors = NULL;
        int color_count = 0;
        png_get_PLTE(png, state->info, &colors, &color_count);
        for (int i = 0; i < 256; i++) {
            uint8_t color[3] = {0, 0, 0};
            if (colors && i < color_count) {
                color[0] = colors[i].red;
                color[1] = colors[i].green;
                color[2] = colors[i].blue;
            }
            uint32_t alpha = has_transparency && alphas && i < alpha_count ? alphas[i] : 255;
            for (int channel = 0; channel < 3; channel++) converter->palette[i][channel] = blip_over_white(color[channel], alpha);
        }
    } else if (has_transparency && key && converter->color_type == PNG_COLOR_TYPE_GRAY) {
        converter->key[0] = transparent_value(key->gray, bit_depth);
    } else if (has_transparency && key && converter->color_type == PNG_COLOR_TYPE_RGB) {
        converter->key[0] = transparent_value(key->red, bit_depth);
        converter->key[1] = transparent_value(key->green, bit_depth);
        converter->key[2] = transparent_value(key->blue, bit_depth);
    }
}

static void grey_row(const row_converter *converter, const uint8_t *samples, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++, rgb += 3) {
        int value;
        if (converter->is_wide_grey) {
            // Pillow clips 16-bit grey instead of scaling it.
            value = samples[2 * x] ? 255 : samples[2 * x + 1];
        } else {
            value = samples[x] * converter->grey_scale;
        }
        if (value == converter->key[0]) value = 255;
        rgb[0] = rgb[1] = rgb[2] = (uint8_t)value;
    }
}

static void convert_row(const row_converter *converter, const uint8_t *samples, uint8_t *rgb, size_t width) {
    switch (converter->color_type) {
    case PNG_COLOR_TYPE_GRAY: grey_row(converter, samples, rgb, width); break;
    case PNG_COLOR_TYPE_PALETTE:
        for (size_t x = 0; x < width; x++) memcpy(rgb + 3 * x, converter->palette[samples[x]], 3);
        break;
    case PNG_COLOR_TYPE_RGB:
        memcpy(rgb, samples, width * 3);
        if (converter->key[0] < 0) break;
        for (size_t x = 0; x < width; x++, rgb += 3) {
            if (rgb[0] == converter->key[0] && rgb[1] == converter->key[1] && rgb[2] == converter->key[2]) memset(rgb, 255, 3);
        }
        break;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        for (size_t x = 0; x < width; x++, rgb += 3) memset(rgb, blip_over_white(samples[2 * x], samples[2 * x + 1]), 3);
        break;
    default:
        for (size_t x = 0; x < width; x++, rgb += 3, samples += 4) {
            for (int channel = 0; channel < 3; channel++) rgb[channel] = blip_over_white(samples[channel], samples[3]);
        }
    }
}

static void read_rows(png_state *state, uint8_t *rgb, uint32_t width, uint32_t height) {
    png_structp png = state->png;
    if (state->report->width != width || state->report->height != height) png_error(png, "its size changed while it was read");
    prepare_converter(state);
    if (state->converter.is_wide_grey) {
        blip_report_warning(state->report, "16-bit grey values above 255 become white, as in Pillow");
    } else {
        png_set_strip_16(png);
    }
    png_set_packing(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);

    // Rows are converted as they come; an interlaced picture has to be complete first.
    static const size_t sample_bytes[8] = {1, 0, 3, 1, 2, 0, 4, 0};
    size_t expected = (size_t)width * (state->converter.is_wide_grey ? 2 : sample_bytes[state->converter.color_type & 7]);
    state->row_bytes = png_get_rowbytes(png, state->info);
    state->is_interlaced = passes > 1;
    if (state->row_bytes != expected) png_error(png, "its rows have an unexpected length");
    state->rows = calloc(state->is_interlaced ? height : 1, state->row_bytes);
    if (!state->rows) png_error(png, "there is not enough memory");
    memset(rgb, 0, (size_t)height * width * 3);
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < height; y++) {
            uint8_t *row = state->rows + (state->is_interlaced ? y * state->row_bytes : 0);
            png_read_row(png, row, NULL);
            if (!state->is_interlaced) convert_row(&state->converter, row, rgb + y * width * 3, width);
        }
    }
}

/// The second half of reading an interlaced picture; without effect for others.
static void convert_kept_rows(const png_state *state, uint8_t *rgb, size_t width, size_t height) {
    if (!state->is_interlaced) return;
    for (size_t y = 0; y < height; y++) {
        convert_row(&state->converter, state->rows + y * state->row_bytes, rgb + y * width * 3, width);
    }
}

/// Decodes if `rgb` is given, else stops after the header.
static int decode(png_state *state, uint8_t *rgb, uint32_t width, uint32_t height) {
    int failed = setjmp(state->escape);
    if (failed) return failed;
    open_picture(state);
    if (rgb) read_rows(state, rgb, width, height);
    return 0;
}

/// Decodes to RGBA with libpng's own conversions.
static int decode_rgba(png_state *state, uint8_t *rgba, uint32_t width, uint32_t height) {
    int failed = setjmp(state->escape);
    if (failed) return failed;
    open_picture(state);
    png_structp png = state->png;
    if (state->report->width != width || state->report->height != height) png_error(png, "its size changed while it was read");
    png_set_strip_16(png);
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);
    if (png_get_rowbytes(png, state->info) != (size_t)width * 4) png_error(png, "its rows have an unexpected length");
    memset(rgba, 0, (size_t)height * width * 4);
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < height; y++) png_read_row(png, rgba + y * width * 4, NULL);
    }
    return 0;
}

int blip_png_rgba(const uint8_t *bytes, size_t count, uint8_t *rgba, uint32_t width, uint32_t height, blip_codec_report *report) {
    memset(report, 0, sizeof *report);
    png_state *state = calloc(1, sizeof *state);
    if (state) {
        state->report = report;
        state->bytes = bytes;
        state->count = count;
        state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
        if (state->png) state->info = png_create_info_struct(state->png);
    }
    int failed = 1;
    if (!state || !state->png || !state->info) {
        blip_report_failure(report, "there is not enough memory");
    } else {
        failed = decode_rgba(state, rgba, width, height);
    }
    if (state) png_destroy_read_struct(&state->png, &state->info, NULL);
    free(state);
    return failed;
}

static int with_reader(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report)
{
    memset(report, 0, sizeof *report);
    png_state *state = calloc(1, sizeof *state);
    if (state) {
        state->report = report;
        state->bytes = bytes;
        state->count = count;
        state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
        if (state->png) state->info = png_create_info_struct(state->png);
    }
    int failed = 1;
    if (!state || !state->png || !state->info) {
        blip_report_failure(report, "there is not enough memory");
    } else {
        failed = decode(state, rgb, width, height);
        if (failed && report->truncated && allow_truncated && state->rows) failed = 0;
        if (!failed && rgb) convert_kept_rows(state, rgb, width, height);
    }
    if (state) {
        free(state->rows);
        png_destroy_read_struct(&state->png, &state->info, NULL);
    }
    free(state);
    return failed;
}

int blip_png_header(const uint8_t *bytes, size_t count, blip_codec_report *report) {
    return with_reader(bytes, count, NULL, 0, 0, 0, report);
}

int blip_png_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report)
{
    return with_reader(bytes, count, rgb, width, height, allow_truncated, report);
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    png_state *state = png_get_io_ptr(png);
    if (count > SIZE_MAX / 2 - state->output_count) png_error(png, "the file is too long");
    size_t needed = state->output_count + count;
    if (needed > state->output_capacity) {
        size_t capacity = needed * 2;
        uint8_t *output = realloc(state->output, capacity);
        if (!output) png_error(png, "there is not enough memory");
        state->output = output;
        state->output_capacity = capacity;
    }
    memcpy(state->output + state->output_count, bytes, count);
    state->output_count = needed;
}

static void on_flush(png_structp png) { (void)png; }

static int encode(png_state *state, const uint8_t *rgb, uint32_t width, uint32_t height) {
    int failed = setjmp(state->escape);
    if (failed) return failed;
    png_structp png = state->png;
    png_set_write_fn(png, state, on_write, on_flush);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(
        png, state->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, state->info);
    for (size_t y = 0; y < height; y++) png_write_row(png, rgb + y * width * 3);
    png_write_end(png, NULL);
    return 0;
}

int blip_png_write(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **out, size_t *out_count, blip_codec_report *report)
{
    memset(report, 0, sizeof *report);
    *out = NULL;
    *out_count = 0;
    png_state *state = calloc(1, sizeof *state);
    if (state) {
        state->report = report;
        state->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
        if (state->png) state->info = png_create_info_struct(state->png);
    }
    int failed = 1;
    if (!state || !state->png || !state->info) {
        blip_report_failure(report, "there is not enough memory");
    } else {
        failed = encode(state, rgb, width, height);
    }
    if (state) {
        png_destroy_write_struct(&state->png, &state->info);
        if (failed) {
            free(state->output);
        } else {
            *out = state->output;
            *out_count = state->output_count;
        }
    }
    free(state);
    return failed;
}
