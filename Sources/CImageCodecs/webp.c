// WebP through libwebp. The container is parsed by libwebpdemux, which copies and allocates nothing per pixel.

#include "shared.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static WebPDemuxer *open_container(const uint8_t *bytes, size_t count, int allow_truncated, blip_codec_report *report) {
    memset(report, 0, sizeof *report);
    WebPData data = {bytes, count};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
    if (!demuxer || state == WEBP_DEMUX_PARSE_ERROR) {
        if (state == WEBP_DEMUX_PARSING_HEADER) {
            report->truncated = 1;
            blip_report_failure(report, "the data ends before the picture is complete");
        } else {
            blip_report_failure(report, "its container is broken");
        }
        WebPDemuxDelete(demuxer);
        return NULL;
    }
    report->truncated = state != WEBP_DEMUX_DONE;
    report->width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    report->height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    if (report->truncated && !allow_truncated) {
        blip_report_failure(report, "the data ends before the picture is complete");
        WebPDemuxDelete(demuxer);
        return NULL;
    }
    return demuxer;
}

int blip_webp_header(const uint8_t *bytes, size_t count, blip_codec_report *report) {
    // Truncation is for the second step to judge: the size is known before.
    WebPDemuxer *demuxer = open_container(bytes, count, 1, report);
    if (!demuxer) return 1;
    WebPDemuxDelete(demuxer);
    return 0;
}

static const char *status_text(VP8StatusCode status) {
    switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "there is not enough memory";
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return "the data ends before the picture is complete";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "it uses a feature that libwebp does not support";
    default: return "its picture data is broken";
    }
}

/// Decodes the first frame to its place on the canvas. `pixels` has `channels` (3 or 4) bytes per pixel.
static VP8StatusCode decode_frame(
    const WebPIterator *frame, uint8_t *pixels, size_t channels, uint32_t width, uint32_t height, int allow_truncated)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
    size_t stride = (size_t)width * channels;
    if (stride > INT_MAX) return VP8_STATUS_INVALID_PARAM;
    size_t offset = (size_t)frame->y_offset * stride + (size_t)frame->x_offset * channels;
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels + offset;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = (size_t)height * stride - offset;
    // The decoder for pieces refuses some damaged pictures that the other one reads, so it is for those alone that are cut short.
    VP8StatusCode status = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
    if (allow_truncated && (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED)) {
        WebPIDecoder *decoder = WebPIDecode(frame->fragment.bytes, frame->fragment.size, &config);
        status = decoder ? WebPIUpdate(decoder, frame->fragment.bytes, frame->fragment.size) : VP8_STATUS_OUT_OF_MEMORY;
        if (status == VP8_STATUS_SUSPENDED) status = VP8_STATUS_OK;
        WebPIDelete(decoder);
    }
    WebPFreeDecBuffer(&config.output);
    return status;
}

static int frame_fits(const WebPIterator *frame, uint32_t width, uint32_t height) {
    if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width < 1 || frame->height < 1) return 0;
    int bitstream_width = 0, bitstream_height = 0;
    if (!WebPGetInfo(frame->fragment.bytes, frame->fragment.size, &bitstream_width, &bitstream_height)) return 0;
    if (bitstream_width != frame->width || bitstream_height != frame->height) return 0;
    return (uint64_t)frame->x_offset + (uint64_t)frame->width <= width
        && (uint64_t)frame->y_offset + (uint64_t)frame->height <= height;
}

int blip_webp_pixels(
    const uint8_t *bytes, size_t count, uint8_t *rgb, uint32_t width, uint32_t height, int allow_truncated, blip_codec_report *report)
{
    WebPDemuxer *demuxer = open_container(bytes, count, allow_truncated, report);
    if (!demuxer) return 1;
    // The container's flag decides, not the frame: without it, Pillow drops alpha and shows what an animation leaves uncovered as black.
    int has_alpha = (WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;
    size_t channels = has_alpha ? 4 : 3, pixel_count = (size_t)width * height;
    uint8_t *canvas = NULL;
    WebPIterator frame;
    memset(&frame, 0, sizeof frame);
    const char *failure = NULL;
    if (report->width != width || report->height != height) {
        failure = "its size changed while it was read";
    } else if (!WebPDemuxGetFrame(demuxer, 1, &frame)) {
        failure = "it holds no picture";
    } else if (!frame_fits(&frame, width, height)) {
        failure = "its first frame does not fit its canvas";
    } else if (has_alpha && !(canvas = calloc(pixel_count, 4))) {
        failure = "there is not enough memory";
    } else {
        if (!has_alpha) memset(rgb, 0, pixel_count * 3);
        VP8StatusCode status = decode_frame(&frame, has_alpha ? canvas : rgb, channels, width, height, allow_truncated);
        if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED) report->truncated = 1;
        if (status != VP8_STATUS_OK) failure = status_text(status);
    }
    if (!failure && has_alpha) {
        for (size_t i = 0; i < pixel_count; i++) {
            for (size_t channel = 0; channel < 3; channel++) {
                rgb[i * 3 + channel] = blip_over_white(canvas[i * 4 + channel], canvas[i * 4 + 3]);
            }
        }
    }
    free(canvas);
    WebPDemuxReleaseIterator(&frame);
    WebPDemuxDelete(demuxer);
    if (failure) blip_report_failure(report, failure);
    return failure != NULL;
}

uint32_t blip_webp_frame_count(const uint8_t *bytes, size_t count) {
    blip_codec_report report;
    WebPDemuxer *demuxer = open_container(bytes, count, 1, &report);
    if (!demuxer) return 0;
    uint32_t frames = WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT);
    WebPDemuxDelete(demuxer);
    return frames;
}

struct blip_webp_animation {
    WebPAnimDecoder *decoder;
    size_t pixel_count;
    int has_alpha;
};

blip_webp_animation *blip_webp_animation_open(const uint8_t *bytes, size_t count, blip_codec_report *report) {
    WebPDemuxer *demuxer = open_container(bytes, count, 0, report);
    if (!demuxer) return NULL;
    int has_alpha = (WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;
    WebPDemuxDelete(demuxer);

    WebPAnimDecoderOptions options;
    WebPData data = {bytes, count};
    blip_webp_animation *animation = calloc(1, sizeof *animation);
    if (animation && WebPAnimDecoderOptionsInit(&options)) {
        options.color_mode = MODE_RGBA;
        animation->decoder = WebPAnimDecoderNew(&data, &options);
        animation->pixel_count = (size_t)report->width * report->height;
        animation->has_alpha = has_alpha;
    }
    if (!animation || !animation->decoder) {
        blip_report_failure(report, "its container is broken, or there is not enough memory");
        blip_webp_animation_close(animation);
        return NULL;
    }
    return animation;
}

int blip_webp_animation_next(blip_webp_animation *animation, uint8_t *rgb, blip_codec_report *report) {
    uint8_t *canvas = NULL;
    int milliseconds = 0;
    if (!WebPAnimDecoderGetNext(animation->decoder, &canvas, &milliseconds)) {
        blip_report_failure(report, "the data of one of its frames is broken");
        return 1;
    }
    if (!rgb) return 0;
    for (size_t i = 0; i < animation->pixel_count; i++) {
        for (size_t channel = 0; channel < 3; channel++) {
            // As for stills: without the container's flag Pillow drops alpha.
            uint8_t value = canvas[i * 4 + channel];
            rgb[i * 3 + channel] = animation->has_alpha ? blip_over_white(value, canvas[i * 4 + 3]) : value;
        }
    }
    return 0;
}

void blip_webp_animation_close(blip_webp_animation *animation) {
    if (animation) WebPAnimDecoderDelete(animation->decoder);
    free(animation);
}
