#ifndef BLIP_IMAGE_CODECS_SHARED_H
#define BLIP_IMAGE_CODECS_SHARED_H

#include "CImageCodecs.h"

void blip_report_failure(blip_codec_report *report, const char *message);
void blip_report_warning(blip_codec_report *report, const char *message);

/// round(a * b / 255) for a, b in 0...255, without a division.
static inline uint32_t blip_multiply_255(uint32_t a, uint32_t b) {
    uint32_t product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

/// One channel of a pixel with coverage `alpha` over white, with the rounding of Pillow's `alpha_composite`: 7 bits beyond the byte.
static inline uint8_t blip_over_white(uint32_t value, uint32_t alpha) {
    uint32_t sum = value * (alpha << 7) + 255 * ((255 - alpha) << 7) + (128u << 7);
    return (uint8_t)((((sum >> 8) + sum) >> 8) >> 7);
}

#endif
