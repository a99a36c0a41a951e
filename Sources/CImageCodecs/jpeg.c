// JPEG through libjpeg-turbo. libjpeg reports an error by calling `error_exit`, which must not return: we leave by longjmp, to a setjmp
// in the function that made the call. What must survive the jump lives in `jpeg_state`, which belongs to the caller of that function.

#include "shared.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

/// A progressive picture may hold any number of scans, each of which costs a pass over the whole picture. Real ones have about ten.
enum { MAXIMUM_SCANS = 100 };

typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    blip_codec_report *report;
    uint8_t *ink_row;
    int allow_truncated;
} jpeg_state;

static void leave(jpeg_state *state, const char *message) {
    blip_report_failure(state->report, message);
    longjmp(state->escape, 1);
}

static void on_error(j_common_ptr info) {
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    leave(info->client_data, message);
}

static void on_message(j_common_ptr info, int level) {
    if (level >= 0) return;  // a trace, not a warning
    jpeg_state *state = info->client_data;
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    blip_report_warning(state->report, message);
}

static void ignore_output(j_common_ptr info) { (void)info; }

static void ignore_source(j_decompress_ptr info) { (void)info; }

/// Called when the decoder wants more than there is.
static boolean on_input_end(j_decompress_ptr info) {
    static const JOCTET end_of_image[2] = {0xFF, JPEG_EOI};
    jpeg_state *state = info->client_data;
    state->report->truncated = 1;
    if (!state->allow_truncated) leave(state, "the data ends before the picture is complete");
    info->src->next_input_byte = end_of_image;
    info->src->bytes_in_buffer = 2;
    return TRUE;
}

static void skip_input(j_decompress_ptr info, long count) {
    while (count > 0 && (unsigned long)count > info->src->bytes_in_buffer) {
        count -= (long)info->src->bytes_in_buffer;
        on_input_end(info);
        if (info->src->bytes_in_buffer == 2) return;
    }
    if (count <= 0) return;
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= (size_t)count;
}

static void on_progress(j_common_ptr info) {
    if (!info->is_decompressor) return;
    if (((j_decompress_ptr)info)->input_scan_number > MAXIMUM_SCANS) leave(info->client_data, "it has more than 100 scans");
}

/// Reads up to the first scan.
static void open_picture(jpeg_state *state, const uint8_t *bytes, size_t count) {
    struct jpeg_decompress_struct *info = &state->info;
    jpeg_create_decompress(info);
    info->client_data = state;
    info->progress = &state->progress;
    state->progress.progress_monitor = on_progress;
    info->src = &state->source;
    state->source.next_input_byte = bytes;
    state->source.bytes_in_buffer = count;
    state->source.init_source = ignore_source;
    state->source.fill_input_buffer = on_input_end;
    state->source.skip_input_data = skip_input;
    state->source.resync_to_restart = jpeg_resync_to_restart;
    state->source.term_source = ignore_source;
    jpeg_read_header(info, TRUE);
    state->report->width = info->image_width;
    state->report->height = info->image_height;
    if (info->data_precision != 8) leave(state, "it has 12 or 16 bits per sample; only 8 are supported");
    if (info->num_components != 1 && info->num_components != 3 && info->num_components != 4) {
        leave(state, "it has neither 1, 3 nor 4 colour components");
    }
}

/// Printing inks to RGB. Like Pillow, we take every four-component file to be inverted (0 = full ink), as Adobe writes them.
static void inks_to_rgb(const uint8_t *inks, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++, inks += 4, rgb += 3) {
        for (size_t channel = 0; channel < 3; channel++) {
            uint32_t light = inks[3], ink = 255u - inks[channel];
            rgb[channel] = (uint8_t)(light - blip_multiply_255(ink, light));
        }
    }
}

static void read_rows(jpeg_state *state, uint8_t *rgb, uint32_t width, uint32_t height) {
    struct jpeg_decompress_struct *info = &state->info;
    int is_ink = info->num_components == 4;
    info->out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
    // libjpeg-turbo's defaults, and what Pillow decodes with: other methods are faster and give other pixels.
    info->dct_method = JDCT_ISLOW;
    info->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(info);
    if (info->output_width != width || info->output_height != height || info->output_components != (is_ink ? 4 : 3)) {
        leave(state, "its size or number of components changed while it was read");
    }
    if (is_ink) {
        state->ink_row = malloc((size_t)width * 4);
        if (!state->ink_row) leave(state, "there is not enough memory");
    }
    while (info->output_scanline < height) {
        uint8_t *row = rgb + (size_t)info->output_scanline * width * 3;
        JSAMPROW target = is_ink ? state->ink_row : row;
        if (jpeg_read_scanlines(info, &target, 1) != 1) leave(state, "a row could not be read");
        if (is_ink) inks_to_rgb(state->ink_row, row, width);
    }
    jpeg_finish_decompress(info);
}

/// Decodes if `rgb` is given, else stops after the header.
static int decode(
    jpeg_state *state, const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height)
{
    state->info.err = jpeg_std_error(&state->errors);
    state->errors.error_exit = on_error;
    state->errors.emit_message = on_message;
    state->errors.output_message = ignore_output;
    state->info.client_data = state;
    int failed = setjmp(state->escape);
    if (!failed) {
        open_picture(state, bytes, count);
        if (rgb) read_rows(state, rgb, width, height);
    }
    jpeg_destroy_decompress(&state->info);
    free(state->ink_row);
    return failed;
}

static int with_state(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report)
{
    memset(report, 0, sizeof *report);
    jpeg_state *state = calloc(1, sizeof *state);
    if (!state) {
        blip_report_failure(report, "there is not enough memory");
        return 1;
    }
    state->report = report;
    state->allow_truncated = allow_truncated;
    int result = decode(state, bytes, count, rgb, width, height);
    free(state);
    return result;
}

int blip_jpeg_header(const uint8_t *bytes, size_t count, blip_codec_report *report) {
    return with_state(bytes, count, NULL, 0, 0, 0, report);
}

int blip_jpeg_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report)
{
    return with_state(bytes, count, rgb, width, height, allow_truncated, report);
}
