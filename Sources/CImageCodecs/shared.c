#include "shared.h"

#include <stdlib.h>
#include <string.h>

static void copy_text(char *target, size_t capacity, const char *text) {
    size_t length = strlen(text);
    if (length >= capacity) length = capacity - 1;
    memcpy(target, text, length);
    target[length] = 0;
}

void blip_report_failure(blip_codec_report *report, const char *message) {
    copy_text(report->message, sizeof report->message, message);
}

void blip_report_warning(blip_codec_report *report, const char *message) {
    if (report->warning_count == 0) copy_text(report->warning, sizeof report->warning, message);
    if (report->warning_count < UINT32_MAX) report->warning_count += 1;
}

void blip_codec_free(void *memory) { free(memory); }

void blip_rgba_over_white(const uint8_t *rgba, uint8_t *rgb, size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t channel = 0; channel < 3; channel++) rgb[i * 3 + channel] = blip_over_white(rgba[i * 4 + channel], rgba[i * 4 + 3]);
    }
}
