// Headers and completeness of PNG, JPEG, BMP and binary PNM files.
//
// Done here rather than by the decoder: stb_image fills what a truncated JPEG or BMP lacks with
// gray or black and reports success, and does not check a PNG's checksums. Sources: PNG (ISO/IEC
// 15948), 5.3 and 11.2.2; JPEG (ITU-T T.81), B.1 and B.2; netpbm's pgm(5) and ppm(5).
#include "src/image/image_header.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#define FORMATS "PNG, JPEG, BMP, PGM or PPM image"

enum {
    SIDE_MAX = 1 << 24,       // the decoder's limit
    PNM_HEADER_MAX = 4096,    // comments included
    JPEG_SEGMENTS_MAX = 4096, // before the first scan
};

const char *fx__image_format_name(fx_image_format format) {
    static const char *const names[] = {"PNG", "JPEG", "BMP", "PGM or PPM"};
    return names[format];
}

// Up to `count` bytes from `offset`; how many there were.
static size_t fetch(const fx_image_bytes *in, uint64_t offset, void *out, size_t count) {
    if (offset >= in->size) return 0;
    if (count > in->size - offset) count = (size_t)(in->size - offset);
    if (in->bytes) {
        memcpy(out, in->bytes + offset, count);
        return count;
    }
    return fseeko(in->file, (off_t)offset, SEEK_SET) == 0 ? fread(out, 1, count, in->file) : 0;
}

static uint32_t big16(const uint8_t *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t big32(const uint8_t *at) {
    return big16(at) << 16 | big16(at + 2);
}

static uint32_t little16(const uint8_t *at) {
    return (uint32_t)at[1] << 8 | at[0];
}

static uint32_t little32(const uint8_t *at) {
    return little16(at + 2) << 16 | little16(at);
}

static fx_status truncated(const char *name, fx_image_format format, const char *missing,
                           fx_error *error) {
    return fx_error_set(error, FX_ERROR_FORMAT, "%s: truncated %s, %s", name,
                        fx__image_format_name(format), missing);
}

static fx_status set_size(const char *name, fx_image_header *out, uint64_t width, uint64_t height,
                          fx_error *error) {
    if (width == 0 || height == 0)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: %" PRIu64 " × %" PRIu64 " pixels, expected at least 1 × 1", name,
                            width, height);
    if (width > SIDE_MAX || height > SIDE_MAX || width * height > FX_IMAGE_MAX_PIXELS)
        return fx_error_set(error, FX_ERROR_DATA,
                            "%s: %" PRIu64 " × %" PRIu64
                            " pixels, expected at most %zu in all and %d on a side",
                            name, width, height, FX_IMAGE_MAX_PIXELS, SIDE_MAX);
    out->width = (int)width;
    out->height = (int)height;
    return FX_OK;
}

static fx_status png_header(const fx_image_bytes *in, const char *name, fx_image_header *out,
                            fx_error *error) {
    uint8_t start[26];
    out->format = FX__PNG;
    if (fetch(in, 0, start, sizeof start) < sizeof start)
        return truncated(name, FX__PNG, "no header", error);
    if (memcmp(start + 12, "IHDR", 4) != 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: PNG that does not begin with IHDR", name);
    int color = start[25]; // 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGB + alpha
    static const uint64_t samples[] = {1, 0, 3, 1, 2, 0, 4, 0};
    out->channels = color & 2 ? 3 : 1;
    fx_status status = set_size(name, out, big32(start + 16), big32(start + 20), error);
    if (status != FX_OK) return status;
    uint64_t bits = (uint64_t)out->width * (uint64_t)out->height * samples[color & 7] * start[24];
    out->needed = bits / 8 / 1032; // deflate's best
    return FX_OK;
}

// Segments up to the frame header, and on to the first scan where that comes first.
static fx_status jpeg_header(const fx_image_bytes *in, const char *name, fx_image_header *out,
                             fx_error *error) {
    out->format = FX__JPEG;
    uint64_t at = 2;
    for (int segments = 0; segments < JPEG_SEGMENTS_MAX; segments++) {
        uint8_t marker[10];
        size_t got = fetch(in, at, marker, sizeof marker);
        if (got < 4) return truncated(name, FX__JPEG, "no frame header", error);
        if (marker[0] != 0xFF || marker[1] == 0xFF) { // garbage or fill bytes
            at++;
            continue;
        }
        uint32_t length = big16(marker + 2);
        int kind = marker[1];
        if (kind == 0xD8 || kind == 0x01 || (kind >= 0xD0 && kind <= 0xD7)) {
            at += 2; // stand alone
            continue;
        }
        bool frame = kind >= 0xC0 && kind <= 0xCF && kind != 0xC4 && kind != 0xC8 && kind != 0xCC;
        if (frame) {
            if (kind > 0xC2)
                return fx_error_set(error, FX_ERROR_FORMAT,
                                    "%s: JPEG of frame type %02X, expected baseline, extended or "
                                    "progressive (C0 to C2)",
                                    name, kind);
            if (got < sizeof marker) return truncated(name, FX__JPEG, "no frame header", error);
            out->channels = marker[9] >= 3 ? 3 : 1; // components: gray, YCbCr or RGB, CMYK
            fx_status status = set_size(name, out, big16(marker + 7), big16(marker + 5), error);
            // Each 8 × 8 block of the finest component takes a bit or more.
            out->needed = (uint64_t)((out->width + 7) / 8) * (uint64_t)((out->height + 7) / 8) / 8;
            return status;
        }
        if (length < 2 || kind == 0xD9 || kind == 0xDA)
            return fx_error_set(error, FX_ERROR_FORMAT, "%s: JPEG without a frame header", name);
        at += 2 + length;
    }
    return fx_error_set(error, FX_ERROR_FORMAT,
                        "%s: JPEG without a frame header in its first %d "
                        "segments",
                        name, JPEG_SEGMENTS_MAX);
}

// True where the palette that ends at `data` has gray entries only (and there is one).
static bool bmp_palette_is_gray(const fx_image_bytes *in, uint64_t palette, uint64_t data,
                                size_t entry_bytes) {
    uint8_t entries[256 * 4];
    if (data <= palette || data - palette > sizeof entries) return false;
    size_t got = fetch(in, palette, entries, (size_t)(data - palette));
    for (size_t i = 0; i + entry_bytes <= got; i += entry_bytes)
        if (entries[i] != entries[i + 1] || entries[i] != entries[i + 2]) return false;
    return true;
}

static fx_status bmp_header(const fx_image_bytes *in, const char *name, fx_image_header *out,
                            fx_error *error) {
    uint8_t start[34] = {0};
    out->format = FX__BMP;
    size_t got = fetch(in, 0, start, sizeof start);
    uint32_t info = little32(start + 14);
    bool old = info == 12; // OS/2: 16-bit sizes, no compression field
    if (got < (old ? 26u : 34u)) return truncated(name, FX__BMP, "no header", error);
    if (!old && info != 40 && info != 56 && info != 108 && info != 124)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: BMP with an info header of %" PRIu32
                            " bytes, expected 12, 40, 56, 108 or 124",
                            name, info);
    uint64_t width = old ? little16(start + 18) : little32(start + 18);
    uint64_t height = old ? little16(start + 20) : little32(start + 22);
    uint32_t bits = old ? little16(start + 24) : little16(start + 28);
    uint32_t compression = old ? 0 : little32(start + 30);
    if (height > INT32_MAX) height = (uint64_t)UINT32_MAX + 1 - height; // negative: top to bottom
    if (compression != 0 && compression != 3)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: BMP of compression %" PRIu32 ", expected none (0 or 3)", name,
                            compression);
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: BMP of %" PRIu32 " bits a pixel, expected 1, 4, 8, 16, 24 or 32",
                            name, bits);
    fx_status status = set_size(name, out, width, height, error);
    if (status != FX_OK) return status;
    out->data = little32(start + 10);
    bool gray = bits <= 8 && bmp_palette_is_gray(in, 14 + info, out->data, old ? 3 : 4);
    out->channels = gray ? 1 : 3;
    uint64_t row = (width * bits + 7) / 8, stride = (row + 3) / 4 * 4;
    out->needed =
        out->data + (height - 1) * stride + row; // some writers leave the last padding out
    return FX_OK;
}

// One decimal number after white space and comments; false where there is none below 2^31.
static bool pnm_number(const uint8_t *text, size_t count, size_t *at, uint32_t *out) {
    bool comment = false;
    for (; *at < count && (comment || isspace(text[*at]) || text[*at] == '#'); (*at)++)
        comment = (comment || text[*at] == '#') && text[*at] != '\n' && text[*at] != '\r';
    uint64_t value = 0;
    size_t begin = *at;
    for (; *at < count && isdigit(text[*at]) && value <= INT32_MAX; (*at)++)
        value = 10 * value + (uint64_t)(text[*at] - '0');
    *out = (uint32_t)value;
    return *at > begin && value <= INT32_MAX;
}

static fx_status pnm_header(const fx_image_bytes *in, const char *name, fx_image_header *out,
                            fx_error *error) {
    uint8_t text[PNM_HEADER_MAX] = {0};
    size_t count = fetch(in, 0, text, sizeof text), at = 2;
    uint32_t width, height, most;
    out->format = FX__PNM;
    out->channels = text[1] == '6' ? 3 : 1;
    if (!pnm_number(text, count, &at, &width) || !pnm_number(text, count, &at, &height) ||
        !pnm_number(text, count, &at, &most) || at >= count || !isspace(text[at]))
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: P%c header is not width, height and maximum, a space between them "
                            "and after them",
                            name, text[1]);
    if (most != 255 && most != 65535)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: maximum value %" PRIu32 ", expected 255 or 65535", name, most);
    fx_status status = set_size(name, out, width, height, error);
    if (status != FX_OK) return status;
    out->depth = most == 255 ? 1 : 2;
    out->data = at + 1;
    out->needed = out->data + (uint64_t)width * height * (uint64_t)(out->channels * out->depth);
    return FX_OK;
}

fx_status fx__image_header(const fx_image_bytes *in, const char *name, fx_image_header *out,
                           fx_error *error) {
    *out = (fx_image_header){0};
    uint8_t start[8] = {0};
    size_t got = fetch(in, 0, start, sizeof start);
    if (got == 0)
        return fx_error_set(error, FX_ERROR_FORMAT, "%s: empty file, expected a " FORMATS, name);
    if (memcmp(start, "\x89PNG\r\n\x1a\n", 8) == 0) return png_header(in, name, out, error);
    if (memcmp(start, "\xFF\xD8\xFF", 3) == 0) return jpeg_header(in, name, out, error);
    if (memcmp(start, "BM", 2) == 0) return bmp_header(in, name, out, error);
    if (start[0] == 'P' && (start[1] == '5' || start[1] == '6') && isspace(start[2]))
        return pnm_header(in, name, out, error);
    char shown[9];
    for (size_t i = 0; i < got; i++)
        shown[i] = start[i] >= ' ' && start[i] < 127 ? (char)start[i] : '.';
    shown[got] = '\0';
    return fx_error_set(error, FX_ERROR_FORMAT, "%s: begins with \"%s\", expected a " FORMATS, name,
                        shown);
}

// Every chunk to IEND; checksums of those that a decoder must read.
static fx_status png_is_whole(const fx_image_bytes *in, const char *name, fx_error *error) {
    uint64_t at = 8;
    for (;;) {
        if (in->size - at < 12) return truncated(name, FX__PNG, "no IEND chunk", error);
        const uint8_t *chunk = in->bytes + at;
        uint32_t length = big32(chunk);
        if (length > in->size - at - 12)
            return truncated(name, FX__PNG, "a chunk is longer than the rest of the file", error);
        bool critical = !(chunk[4] & 0x20);
        if (critical && crc32(0, chunk + 4, length + 4) != big32(chunk + 8 + length))
            return fx_error_set(error, FX_ERROR_FORMAT,
                                "%s: damaged PNG, wrong checksum at byte "
                                "%" PRIu64,
                                name, at);
        if (memcmp(chunk + 4, "IEND", 4) == 0) return FX_OK;
        at += 12 + (uint64_t)length;
    }
}

// A Huffman segment's content: tables of an index, 16 counts and as many symbols as the counts sum
// to. stb_image writes beyond its tables where that is more than 256. Marks the tables in *defined,
// bit 4 · class + index.
static bool read_huffman_tables(const uint8_t *at, size_t length, unsigned *defined) {
    while (length > 0) {
        size_t symbols = 0;
        if (length < 17 || at[0] > 0x1F) return false;
        for (int i = 1; i <= 16; i++) symbols += at[i];
        if (symbols > 256 || symbols > length - 17) return false;
        *defined |= 1U << (4 * (at[0] >> 4) + (at[0] & 3));
        at += 17 + symbols;
        length -= 17 + symbols;
    }
    return true;
}

// A scan header's content: count, as many pairs of component and tables, first and last
// coefficient, bits. True where the tables that the scan needs are there; stb_image does not ask.
static bool scan_has_tables(const uint8_t *at, size_t length, bool progressive, unsigned defined) {
    size_t components = length > 0 ? at[0] : 0;
    if (length != 4 + 2 * components) return false;
    const uint8_t *range = at + 1 + 2 * components;
    bool refines = range[2] >> 4 != 0; // the first coefficient's refinement is not Huffman-coded
    bool dc = !progressive || (range[0] == 0 && !refines), ac = !progressive || range[1] > 0;
    for (size_t i = 0; i < components; i++) {
        int tables = at[2 + 2 * i];
        if (dc && !(defined & 1U << (tables >> 4 & 3))) return false;
        if (ac && !(defined & 1U << (4 + (tables & 3)))) return false;
    }
    return true;
}

// Segments by their length, scan data up to the next marker, to the end of the image. Sees every
// segment that the decoder will see.
static fx_status jpeg_is_whole(const fx_image_bytes *in, const char *name, fx_error *error) {
    bool scan = false, progressive = false;
    unsigned defined = 0; // Huffman tables
    uint64_t at = 2;
    while (at + 1 < in->size) {
        const uint8_t *next = memchr(in->bytes + at, 0xFF, (size_t)(in->size - at - 1));
        if (!next) break;
        at = (uint64_t)(next - in->bytes);
        int kind = next[1];
        if (kind == 0xFF) { // fill
            at++;
            continue;
        }
        at += 2;
        if (kind == 0xD9) {
            if (scan) return FX_OK;
            return truncated(name, FX__JPEG, "no scan", error);
        }
        if (kind <= 0x01 || (kind >= 0xD0 && kind <= 0xD8)) continue; // data, restarts
        if (in->size - at < 2) break;
        uint32_t length = big16(in->bytes + at);
        if (length < 2 || length > in->size - at) break;
        const uint8_t *content = in->bytes + at + 2;
        bool sound = true;
        if (kind == 0xC2) progressive = true;
        if (kind == 0xC4) sound = read_huffman_tables(content, length - 2, &defined);
        if (kind == 0xDA) {
            sound = scan_has_tables(content, length - 2, progressive, defined);
            scan = true;
        }
        if (!sound)
            return fx_error_set(
                error, FX_ERROR_FORMAT, "%s: damaged JPEG, %s at byte %" PRIu64, name,
                kind == 0xDA ? "a scan without its Huffman tables" : "a malformed Huffman table",
                at - 2);
        at += length;
    }
    return truncated(name, FX__JPEG, "no end-of-image marker", error);
}

fx_status fx__image_is_whole(const fx_image_bytes *in, const fx_image_header *header,
                             const char *name, fx_error *error) {
    if (in->size < header->needed)
        return fx_error_set(error, FX_ERROR_FORMAT,
                            "%s: truncated %s, %" PRIu64
                            " bytes where %d × %d pixels need %" PRIu64,
                            name, fx__image_format_name(header->format), in->size, header->width,
                            header->height, header->needed);
    if (header->format == FX__PNG) return png_is_whole(in, name, error);
    if (header->format == FX__JPEG) return jpeg_is_whole(in, name, error);
    return FX_OK;
}
