// A growing string.
#include "src/base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/memory.h"

fx_status fx__text_append(fx_text *text, const void *bytes, size_t count, fx_error *error) {
    if (count > SIZE_MAX - text->length - 1)
        return fx_error_set(error, FX_ERROR_MEMORY, "text too long");
    FX__TRY(fx__grow(&text->data, &text->capacity, text->length + count + 1, 1, error));
    if (count > 0) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
    return FX_OK;
}

fx_status fx__text_printf(fx_text *text, fx_error *error, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    fx_status status = length < 0 ? fx_error_set(error, FX_ERROR_DATA, "text cannot be formatted")
                                  : fx__grow(&text->data, &text->capacity,
                                             text->length + (size_t)length + 1, 1, error);
    if (status == FX_OK) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    return status;
}

// Length of the UTF-8 sequence at `bytes` (terminated by NUL), or 0 where it is none. Overlong
// forms, surrogates and values above U+10FFFF are none.
static size_t utf8_length(const unsigned char *bytes) {
    unsigned char first = bytes[0];
    if (first < 0x80) return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] > 0x9F) ||
        (first == 0xF0 && bytes[1] < 0x90) || (first == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return length;
}

fx_status fx__text_json_string(fx_text *text, const char *value, fx_error *error) {
    FX__TRY(fx__text_append(text, "\"", 1, error));
    for (const unsigned char *at = (const unsigned char *)value; *at;) {
        size_t length = utf8_length(at);
        if (length == 0) {
            FX__TRY(fx__text_append(text, "\xEF\xBF\xBD", 3, error));
            at++;
        } else if (*at < 0x20 || *at == 0x7F) {
            FX__TRY(fx__text_printf(text, error, "\\u%04x", *at++));
        } else {
            if (*at == '"' || *at == '\\') FX__TRY(fx__text_append(text, "\\", 1, error));
            FX__TRY(fx__text_append(text, at, length, error));
            at += length;
        }
    }
    return fx__text_append(text, "\"", 1, error);
}

fx_status fx__text_html(fx_text *text, const char *value, fx_error *error) {
    for (const unsigned char *at = (const unsigned char *)value; *at;) {
        size_t length = utf8_length(at);
        if (length == 0)
            FX__TRY(fx__text_append(text, "\xEF\xBF\xBD", 3, error));
        else if (*at < 0x20 || *at == 0x7F)
            FX__TRY(fx__text_append(text, " ", 1, error));
        else if (strchr("&<>\"'", *at))
            FX__TRY(fx__text_printf(text, error, "&#%d;", *at));
        else
            FX__TRY(fx__text_append(text, at, length, error));
        at += length ? length : 1;
    }
    return FX_OK;
}

fx_status fx__text_base64(fx_text *text, const void *bytes, size_t count, fx_error *error) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) group = group << 8 | (i + k < count ? in[i + k] : 0);
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
                        i + 1 < count ? digits[group >> 6 & 63] : '=',
                        i + 2 < count ? digits[group & 63] : '='};
        FX__TRY(fx__text_append(text, four, 4, error));
    }
    return FX_OK;
}

void fx__text_destroy(fx_text *text) {
    if (!text) return;
    free(text->data);
    *text = (fx_text){0};
}
