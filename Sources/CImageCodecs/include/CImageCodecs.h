#ifndef BLIP_IMAGE_CODECS_H
#define BLIP_IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

/// What a call found out. Filled whether or not the call succeeded; strings end in zero.
typedef struct {
    uint32_t width, height;
    /// 1 when the input ended before the picture was complete.
    uint32_t truncated;
    /// How many warnings the library gave, and the first of them.
    uint32_t warning_count;
    char warning[200];
    /// Why the call failed.
    char message[200];
} blip_codec_report;

// Each function returns 0 on success. `_header` reads the size and decodes nothing, so that the caller can refuse it before memory is
// spent. `_pixels` fills `rgb`, which holds width * height * 3 bytes, and fails if the picture has another size. Alpha is composited on
// white. With `allow_truncated`, an input that ends early gives the part that is there (the rest is grey, white or black).

int blip_jpeg_header(const uint8_t *bytes, size_t count, blip_codec_report *report);
int blip_jpeg_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report);

int blip_png_header(const uint8_t *bytes, size_t count, blip_codec_report *report);
int blip_png_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report);

int blip_webp_header(const uint8_t *bytes, size_t count, blip_codec_report *report);
int blip_webp_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report);

/// One frame of an APNG that stands as a PNG of its own: `rgba` holds width * height * 4 bytes, with straight alpha.
int blip_png_rgba(const uint8_t *bytes, size_t count, uint8_t *rgba, uint32_t width, uint32_t height, blip_codec_report *report);

/// Puts `count` pixels with straight alpha on white: `rgba` holds 4 bytes of each, `rgb` 3.
void blip_rgba_over_white(const uint8_t *rgba, uint8_t *rgb, size_t count);

/// How many frames a WebP file holds; 1 for a still picture, 0 if the container is broken.
uint32_t blip_webp_frame_count(const uint8_t *bytes, size_t count);

/// The composited frames of an animated WebP, one after another. `bytes` must outlive it.
typedef struct blip_webp_animation blip_webp_animation;

blip_webp_animation *blip_webp_animation_open(const uint8_t *bytes, size_t count, blip_codec_report *report);
/// Decodes the next frame; `rgb`, where given, takes width * height * 3 bytes.
int blip_webp_animation_next(blip_webp_animation *animation, uint8_t *rgb, blip_codec_report *report);
void blip_webp_animation_close(blip_webp_animation *animation);

/// Writes an 8-bit RGB PNG. On success `*out` holds `*out_count` bytes, to be given back with `blip_codec_free`.
int blip_png_write(
    const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **out, size_t *out_count, blip_codec_report *report);
void blip_codec_free(void *memory);

/// The weights of one axis of a resize: output `i` reads `taps` inputs beginning at `starts[i]`, with weights at `weights[i * taps]`.
/// Weights are fixed point with `shift` fraction bits. Every read lies inside the axis: starts[i] + taps <= length of the input axis.
typedef struct {
    const int32_t *starts;
    const int32_t *weights;
    int32_t taps;
    int32_t shift;
} blip_resize_axis;

/// Resizes rows of RGB pixels: `source` is height rows of width pixels, `stride` bytes apart, and `count` bytes long from its first pixel to
/// the end of its memory; `target` is height x target_width x 3.
/// With `narrow`, all weights fit 16 bits and the fast path may be taken; the result is the same. Returns non-zero without memory.
int blip_resize_rows(
    const uint8_t *source, size_t count, size_t height, size_t width, size_t stride, uint8_t *target, size_t target_width,
    blip_resize_axis axis, int narrow);

/// Resizes columns: `source` is rows of `row_bytes` bytes, `target` is target_height such rows. Returns non-zero without memory.
int blip_resize_columns(
    const uint8_t *source, size_t row_bytes, uint8_t *target, size_t target_height, blip_resize_axis axis, int narrow);

#endif
